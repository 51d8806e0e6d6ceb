import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import type { Response } from 'express';
import { BooksService } from './books.service.ts';

@Controller('report')
export class ReportController {
  readonly #books: BooksService;
  readonly #cache: Cache;

  constructor(books: BooksService, @Inject(CACHE_MANAGER) cache: Cache) {
    this.#books = books;
    this.#cache = cache;
  }

  @Get()
  async report(@Res({ passthrough: true }) response: Response) {
    let found = 'HIT';
    const report = await this.#cache.wrap('report:sales', () => {
      found = 'MISS';
      return this.#books.salesReport();
    });
    response.setHeader('X-Cache', found);
    return report;
  }
}
