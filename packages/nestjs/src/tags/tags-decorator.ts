import type { Observable } from 'rxjs';

/** Stands before a method whose answers have such a body. */
export interface TagsMethodDecorator<Body> {
  <Method extends (...given: never[]) => Body | Promise<Body> | Observable<Body>>(
    target: object,
    name: string | symbol,
    method: TypedPropertyDescriptor<Method>,
  ): void;
}

/** Also before a class, whose methods have bodies of all kinds. */
export interface TagsDecorator<Body> extends TagsMethodDecorator<Body> {
  (target: unknown extends Body ? abstract new (...given: never[]) => object : never): void;
}
