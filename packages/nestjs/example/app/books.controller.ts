import { CacheInterceptor } from '@nestjs/cache-manager';
import { Controller, Get, Param, ParseIntPipe, UseInterceptors } from '@nestjs/common';
import { BooksService } from './books.service.ts';

@Controller('books')
@UseInterceptors(CacheInterceptor)
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
  find(@Param('id', ParseIntPipe) id: number) {
    return this.#books.find(id);
  }
}
