/**
 * A result that is down, as the installed Terminus takes it: 11 and later, and no Terminus at all, as it is; 10 as
 * an error.
 *
 * @throws an error in the form of HealthCheckError with Terminus 10
 */
export function failingResult<Result extends object>(result: Result): Result {
  if (majorOfTerminus() >= 11) return result;
  throw Object.assign(new Error('DiskCache is down'), { isHealthCheckError: true, causes: result });
}

function majorOfTerminus(): number {
  try {
    const { version } = require('@nestjs/terminus/package.json') as { version: string };
    return Number.parseInt(version, 10);
  } catch {
    return Infinity;
  }
}
