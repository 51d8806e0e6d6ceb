import { setImmediate } from 'node:timers';
import { Controller, Delete, Param, Put } from '@nestjs/common';
import { advance } from './clock.ts';

let close: () => Promise<void>;

export function closeBy(closing: () => Promise<void>): void {
  close = closing;
}

/** What a test does to the app. */
@Controller()
export class SteeringController {
  @Put('clock/:ms')
  advance(@Param('ms') ms: string) {
    advance(Number(ms));
    return {};
  }

  /** Ends the process too, once there is nothing more that keeps it alive. */
  @Delete('app')
  close() {
    setImmediate(() => void close());
    return {};
  }
}
