;; Pillow's resize in fixed point and PyTorch's normalisation, in WebAssembly's 128-bit instructions.
;; `tools/make-pixel-kernels.ts` assembles this text into pixel-kernels-data.ts.
;;
;; A weight w, in units of 2^-22, is kept as two signed 16-bit halves: w = high · 2^12 + low with 0 <= low < 2^12. A byte times either half
;; fits in 25 bits, so `dot` (eight products, added in pairs) is exact; the two sums are put together in the end, modulo 2^32 like Pillow's.
;; Weights come in pairs, for two neighbouring inputs: high, high, low, low. Where the inputs of an output are odd in number, the last
;; weight is 0, and whatever it reads counts nothing. Narrowing cuts off what overshoots 0 and 255. Stores reach up to 15 bytes beyond what they are for: outputs go from left to right
;; and from top to bottom, and the caller leaves room at the end.
(module
  (memory (export "memory") 1)

  ;; Filters along rows: pixels of 3 or 4 bytes, two rows at a time, so that weights are read half as often; `rows` is even. `starts` holds
  ;; for each output the byte of its first input within the row. A target row needs a byte of room behind it.
  (func (export "filterRows")
    (param $source i32) (param $sourceStride i32) (param $target i32) (param $targetStride i32) (param $rows i32)
    (param $starts i32) (param $weights i32) (param $outputs i32) (param $pairs i32) (param $channels i32)
    (local $order v128) (local $twoPixels i32) (local $startsEnd i32) (local $weightBytes i32)
    (local $from i32) (local $to i32) (local $start i32) (local $weight i32) (local $weightEnd i32)
    (local $highWeights v128) (local $lowWeights v128) (local $upper v128) (local $lower v128)
    (local $upperHigh v128) (local $upperLow v128) (local $lowerHigh v128) (local $lowerLow v128)
    ;; two pixels, channel by channel, as 16-bit numbers; 255 picks a zero
    (local.set $order
      (select
        (v128.const i8x16 0 255 3 255 1 255 4 255 2 255 5 255 255 255 255 255)
        (v128.const i8x16 0 255 4 255 1 255 5 255 2 255 6 255 3 255 7 255)
        (i32.eq (local.get $channels) (i32.const 3))))
    (local.set $twoPixels (i32.shl (local.get $channels) (i32.const 1)))
    (local.set $startsEnd (i32.add (local.get $starts) (i32.shl (local.get $outputs) (i32.const 2))))
    (local.set $weightBytes (i32.shl (local.get $pairs) (i32.const 3)))
    (loop $twoRows
      (local.set $to (local.get $target))
      (local.set $start (local.get $starts))
      (local.set $weight (local.get $weights))
      (loop $output
        (local.set $from (i32.add (local.get $source) (i32.load (local.get $start))))
        (local.set $weightEnd (i32.add (local.get $weight) (local.get $weightBytes)))
        (local.set $upperHigh (v128.const i32x4 0 0 0 0))
        (local.set $lowerHigh (v128.const i32x4 0 0 0 0))
        (local.set $upperLow (v128.const i32x4 0x200000 0x200000 0x200000 0x200000)) ;; one half, to round
        (local.set $lowerLow (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
        (loop $pair
          (local.set $highWeights (v128.load32_splat (local.get $weight)))
          (local.set $lowWeights (v128.load32_splat offset=4 (local.get $weight)))
          (local.set $upper (i8x16.swizzle (v128.load64_zero (local.get $from)) (local.get $order)))
          (local.set $lower
            (i8x16.swizzle (v128.load64_zero (i32.add (local.get $from) (local.get $sourceStride))) (local.get $order)))
          (local.set $upperHigh (i32x4.add (local.get $upperHigh) (i32x4.dot_i16x8_s (local.get $upper) (local.get $highWeights))))
          (local.set $upperLow (i32x4.add (local.get $upperLow) (i32x4.dot_i16x8_s (local.get $upper) (local.get $lowWeights))))
          (local.set $lowerHigh (i32x4.add (local.get $lowerHigh) (i32x4.dot_i16x8_s (local.get $lower) (local.get $highWeights))))
          (local.set $lowerLow (i32x4.add (local.get $lowerLow) (i32x4.dot_i16x8_s (local.get $lower) (local.get $lowWeights))))
          (local.set $from (i32.add (local.get $from) (local.get $twoPixels)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 8)))
          (br_if $pair (i32.lt_u (local.get $weight) (local.get $weightEnd))))
        (local.set $upper (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $upperHigh) (i32.const 12)) (local.get $upperLow)) (i32.const 22)))
        (local.set $lower (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $lowerHigh) (i32.const 12)) (local.get $lowerLow)) (i32.const 22)))
        (local.set $upper (i16x8.narrow_i32x4_s (local.get $upper) (local.get $lower)))
        (local.set $upper (i8x16.narrow_i16x8_u (local.get $upper) (local.get $upper)))
        (v128.store32_lane 0 (local.get $to) (local.get $upper))
        (v128.store32_lane 1 (i32.add (local.get $to) (local.get $targetStride)) (local.get $upper))
        (local.set $to (i32.add (local.get $to) (local.get $channels)))
        (local.set $start (i32.add (local.get $start) (i32.const 4)))
        (br_if $output (i32.lt_u (local.get $start) (local.get $startsEnd))))
      (local.set $source (i32.add (local.get $source) (i32.shl (local.get $sourceStride) (i32.const 1))))
      (local.set $target (i32.add (local.get $target) (i32.shl (local.get $targetStride) (i32.const 1))))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 2)))
      (br_if $twoRows (local.get $rows))))

  ;; Filters along columns: `bytes` of one output row, made of 2 · `pairs` input rows from `source` on.
  (func (export "filterColumns")
    (param $source i32) (param $stride i32) (param $target i32) (param $bytes i32) (param $weights i32) (param $pairs i32)
    (local $x i32) (local $from i32) (local $weight i32) (local $weightsEnd i32)
    (local $upper v128) (local $lower v128) (local $left v128) (local $right v128) (local $pixels v128)
    (local $highWeights v128) (local $lowWeights v128) (local $half v128)
    (local $high0 v128) (local $high1 v128) (local $high2 v128) (local $high3 v128)
    (local $low0 v128) (local $low1 v128) (local $low2 v128) (local $low3 v128)
    (local.set $half (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
    (local.set $weightsEnd (i32.add (local.get $weights) (i32.shl (local.get $pairs) (i32.const 3))))
    (loop $sixteen
      (local.set $from (i32.add (local.get $source) (local.get $x)))
      (local.set $weight (local.get $weights))
      (local.set $high0 (v128.const i32x4 0 0 0 0))
      (local.set $high1 (v128.const i32x4 0 0 0 0))
      (local.set $high2 (v128.const i32x4 0 0 0 0))
      (local.set $high3 (v128.const i32x4 0 0 0 0))
      (local.set $low0 (local.get $half))
      (local.set $low1 (local.get $half))
      (local.set $low2 (local.get $half))
      (local.set $low3 (local.get $half))
      (loop $pair
        (local.set $highWeights (v128.load32_splat (local.get $weight)))
        (local.set $lowWeights (v128.load32_splat offset=4 (local.get $weight)))
        (local.set $upper (v128.load (local.get $from)))
        (local.set $lower (v128.load (i32.add (local.get $from) (local.get $stride))))
        (local.set $left (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $upper) (local.get $lower)))
        (local.set $right (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31 (local.get $upper) (local.get $lower)))
        (local.set $pixels (i16x8.extend_low_i8x16_u (local.get $left)))
        (local.set $high0 (i32x4.add (local.get $high0) (i32x4.dot_i16x8_s (local.get $pixels) (local.get $highWeights))))
        (local.set $low0 (i32x4.add (local.get $low0) (i32x4.dot_i16x8_s (local.get $pixels) (local.get $lowWeights))))
        (local.set $pixels (i16x8.extend_high_i8x16_u (local.get $left)))
        (local.set $high1 (i32x4.add (local.get $high1) (i32x4.dot_i16x8_s (local.get $pixels) (local.get $highWeights))))
        (local.set $low1 (i32x4.add (local.get $low1) (i32x4.dot_i16x8_s (local.get $pixels) (local.get $lowWeights))))
        (local.set $pixels (i16x8.extend_low_i8x16_u (local.get $right)))
        (local.set $high2 (i32x4.add (local.get $high2) (i32x4.dot_i16x8_s (local.get $pixels) (local.get $highWeights))))
        (local.set $low2 (i32x4.add (local.get $low2) (i32x4.dot_i16x8_s (local.get $pixels) (local.get $lowWeights))))
        (local.set $pixels (i16x8.extend_high_i8x16_u (local.get $right)))
        (local.set $high3 (i32x4.add (local.get $high3) (i32x4.dot_i16x8_s (local.get $pixels) (local.get $highWeights))))
        (local.set $low3 (i32x4.add (local.get $low3) (i32x4.dot_i16x8_s (local.get $pixels) (local.get $lowWeights))))
        (local.set $from (i32.add (local.get $from) (i32.shl (local.get $stride) (i32.const 1))))
        (local.set $weight (i32.add (local.get $weight) (i32.const 8)))
        (br_if $pair (i32.lt_u (local.get $weight) (local.get $weightsEnd))))
      (local.set $high0 (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $high0) (i32.const 12)) (local.get $low0)) (i32.const 22)))
      (local.set $high1 (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $high1) (i32.const 12)) (local.get $low1)) (i32.const 22)))
      (local.set $high2 (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $high2) (i32.const 12)) (local.get $low2)) (i32.const 22)))
      (local.set $high3 (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $high3) (i32.const 12)) (local.get $low3)) (i32.const 22)))
      (v128.store (i32.add (local.get $target) (local.get $x))
        (i8x16.narrow_i16x8_u
          (i16x8.narrow_i32x4_s (local.get $high0) (local.get $high1))
          (i16x8.narrow_i32x4_s (local.get $high2) (local.get $high3))))
      (local.set $x (i32.add (local.get $x) (i32.const 16)))
      (br_if $sixteen (i32.lt_u (local.get $x) (local.get $bytes)))))

  ;; (byte / 255 − mean) / std in float32, from interleaved RGB to three planes `planeBytes` apart, four pixels at a time. `moments` holds the
  ;; three means and the three deviations.
  (func (export "normalise") (param $source i32) (param $target i32) (param $planeBytes i32) (param $pixels i32) (param $moments i32)
    (local $four v128) (local $end i32) (local $scale v128)
    (local $redMean v128) (local $greenMean v128) (local $blueMean v128) (local $redStd v128) (local $greenStd v128) (local $blueStd v128)
    (local.set $scale (f32x4.splat (f32.const 255)))
    (local.set $redMean (v128.load32_splat (local.get $moments)))
    (local.set $greenMean (v128.load32_splat offset=4 (local.get $moments)))
    (local.set $blueMean (v128.load32_splat offset=8 (local.get $moments)))
    (local.set $redStd (v128.load32_splat offset=12 (local.get $moments)))
    (local.set $greenStd (v128.load32_splat offset=16 (local.get $moments)))
    (local.set $blueStd (v128.load32_splat offset=20 (local.get $moments)))
    (local.set $end (i32.add (local.get $source) (i32.mul (local.get $pixels) (i32.const 3))))
    (loop $fourPixels
      (local.set $four (v128.load (local.get $source)))
      (v128.store (local.get $target)
        (f32x4.div
          (f32x4.sub
            (f32x4.div
              (f32x4.convert_i32x4_u
                (i8x16.swizzle (local.get $four) (v128.const i8x16 0 255 255 255 3 255 255 255 6 255 255 255 9 255 255 255)))
              (local.get $scale))
            (local.get $redMean))
          (local.get $redStd)))
      (v128.store (i32.add (local.get $target) (local.get $planeBytes))
        (f32x4.div
          (f32x4.sub
            (f32x4.div
              (f32x4.convert_i32x4_u
                (i8x16.swizzle (local.get $four) (v128.const i8x16 1 255 255 255 4 255 255 255 7 255 255 255 10 255 255 255)))
              (local.get $scale))
            (local.get $greenMean))
          (local.get $greenStd)))
      (v128.store (i32.add (local.get $target) (i32.shl (local.get $planeBytes) (i32.const 1)))
        (f32x4.div
          (f32x4.sub
            (f32x4.div
              (f32x4.convert_i32x4_u
                (i8x16.swizzle (local.get $four) (v128.const i8x16 2 255 255 255 5 255 255 255 8 255 255 255 11 255 255 255)))
              (local.get $scale))
            (local.get $blueMean))
          (local.get $blueStd)))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (local.set $source (i32.add (local.get $source) (i32.const 12)))
      (br_if $fourPixels (i32.lt_u (local.get $source) (local.get $end))))))
