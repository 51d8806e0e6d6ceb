import { DiskCacheInterceptor } from '@diskcache/nestjs';
import { Controller, Get, StreamableFile, UseInterceptors } from '@nestjs/common';
import { Readable } from 'node:stream';

const LARGE = Buffer.alloc(200_000, 'large ');

@Controller('files')
@UseInterceptors(DiskCacheInterceptor)
export class FilesController {
  @Get('stream')
  stream() {
    return new StreamableFile(Readable.from([LARGE, Buffer.from(String(process.pid))]), {
      type: 'text/plain',
    });
  }

  @Get('buffer')
  buffer() {
    return LARGE;
  }
}
