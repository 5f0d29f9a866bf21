import { serve } from '../serve.js';
import { createSessions } from '../sessions.js';
import { createIoBindingDriver } from './io-binding-driver.js';

serve(createSessions(await createIoBindingDriver('cpu')));
