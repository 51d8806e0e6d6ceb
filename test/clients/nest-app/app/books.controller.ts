import { setTimeout as sleep } from 'node:timers/promises';
import { CacheTags, DiskCacheInterceptor, EvictTags } from '@diskcache/nestjs';
import { CacheTTL } from '@nestjs/cache-manager';
import { Controller, Get, NotFoundException, Param, Put, UseInterceptors } from '@nestjs/common';
import { made } from './made.ts';

class BookDto {
  readonly id: string;
  readonly author = 'Le Guin';
  readonly made = made();

  constructor(id: string) {
    this.id = id;
  }
}

@Controller('books')
@UseInterceptors(DiskCacheInterceptor)
@CacheTags('books')
export class BooksController {
  @Get('brief')
  @CacheTTL(20_000)
  brief() {
    return { made: made() };
  }

  @Get('slow')
  async slow() {
    await sleep(200);
    return { made: made() };
  }

  @Get('missing')
  missing() {
    throw new NotFoundException();
  }

  @Get(':id')
  @CacheTags((request) => `book:${request.params.id}`)
  @CacheTags((_request, book: BookDto) => `author:${book.author}`)
  find(@Param('id') id: string) {
    return new BookDto(id);
  }
}

@Controller('editing')
export class EditingController {
  @Put(':id')
  @EvictTags((request) => `book:${request.params.id}`)
  change() {
    return { changed: true };
  }

  @Put()
  @EvictTags((_request, { tag }: { tag: string }) => tag)
  changeAll() {
    return { tag: 'author:Le Guin' };
  }
}
