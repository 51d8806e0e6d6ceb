import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, NotFoundException } from '@nestjs/common';

const BOOKS = [
  { id: 1, title: 'The Left Hand of Darkness', sold: 812 },
  { id: 2, title: 'A Wizard of Earthsea', sold: 1204 },
  { id: 3, title: 'The Dispossessed', sold: 655 },
];

/** Who made an answer, and when: a cached answer still says so. */
const signature = () => ({ madeBy: process.pid, madeAt: new Date() });

/** Stands for a database that takes its time. */
@Injectable()
export class BooksService {
  async list() {
    await sleep(200);
    return { books: BOOKS.map(({ id, title }) => ({ id, title })), ...signature() };
  }

  async find(id: number) {
    await sleep(100);
    return { ...bookOf(id), ...signature() };
  }

  async cover(id: number): Promise<Readable> {
    const { title } = bookOf(id);
    await sleep(150);
    return Readable.from(
      `<svg xmlns="http://www.w3.org/2000/svg"><!-- ${process.pid} --><text>${title}</text></svg>`,
    );
  }

  async salesReport() {
    await sleep(500);
    return { sold: BOOKS.reduce((sum, { sold }) => sum + sold, 0), ...signature() };
  }

  sell(id: number) {
    bookOf(id).sold++;
    return { sold: id };
  }
}

function bookOf(id: number) {
  const book = BOOKS.find((one) => one.id === id);
  if (book === undefined) throw new NotFoundException(`there is no book ${id}`);
  return book;
}
