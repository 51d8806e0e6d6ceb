import { CacheTags, DiskCacheInterceptor, EvictTags } from '@diskcache/nestjs';
import { Controller, Get, Param, ParseIntPipe, Post, StreamableFile, UseInterceptors } from '@nestjs/common';
import { BooksService } from './books.service.ts';

@Controller('books')
@UseInterceptors(DiskCacheInterceptor)
@CacheTags('books')
export class BooksController {
  readonly #books: BooksService;

  constructor(books: BooksService) {
    this.#books = books;
  }

  @Get()
  list() {
    return this.#books.list();
  }

  @Get(':id')
  @CacheTags((request) => `book:${request.params.id}`)
  find(@Param('id', ParseIntPipe) id: number) {
    return this.#books.find(id);
  }

  @Get(':id/cover')
  @CacheTags((request) => `book:${request.params.id}`)
  async cover(@Param('id', ParseIntPipe) id: number) {
    return new StreamableFile(await this.#books.cover(id), { type: 'image/svg+xml' });
  }

  @Post(':id/sales')
  @EvictTags((request) => `book:${request.params.id}`, 'reports')
  sell(@Param('id', ParseIntPipe) id: number) {
    return this.#books.sell(id);
  }
}
