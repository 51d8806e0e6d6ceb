import { tagged } from '@diskcache/nestjs';
import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import type { Response } from 'express';
import { BooksService } from './books.service.ts';

/** Without an interceptor. */
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
    const compute = () => {
      found = 'MISS';
      return this.#books.salesReport();
    };
    const report = await tagged(this.#cache).wrap('report:sales', compute, { tags: ['reports'] });
    response.setHeader('X-Cache', found);
    return report;
  }
}
