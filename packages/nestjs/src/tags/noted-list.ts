import { SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

const reflector = new Reflector();

type Decorated = Parameters<Reflector['get']>[1];

/** A list that decorators keep with a class or a method: each adds to it. */
export class NotedList<Item> {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** What is noted with a class or method, and with those it extends. */
  of(decorated: Decorated): readonly Item[] {
    return reflector.get<readonly Item[] | undefined>(this.#name, decorated) ?? [];
  }

  add(decorated: Decorated, ...items: Item[]): void {
    SetMetadata(this.#name, [...this.of(decorated), ...items])(decorated);
  }
}
