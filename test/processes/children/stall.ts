import { given, say } from '../../support/parent.ts';
import { StallMeter } from '../../support/stall-meter.ts';

/** Stops the event loop for a known time. */
const { ms } = given<{ ms: number }>();

const meter = new StallMeter();
meter.start();
await new Promise((resolve) => setTimeout(resolve, 20));
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
await new Promise((resolve) => setTimeout(resolve, 20));
say('measured', await meter.stop());
process.disconnect();
