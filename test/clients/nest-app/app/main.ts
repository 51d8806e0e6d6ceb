import 'reflect-metadata';
import { DiskCache } from '@diskcache/core';
import { type NestApplicationOptions, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.ts';
import { closeBy } from './steering.controller.ts';

async function main(): Promise<void> {
  const app = await create({ logger: ['error', 'warn'] });
  closeBy(() => close(app));
  if (process.env.SHUTDOWN_HOOKS) app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  console.log(`listening on ${await app.getUrl()}`);
}

async function create(options: NestApplicationOptions): Promise<INestApplication> {
  const adapterPackage = process.env.ADAPTER;
  if (adapterPackage === undefined) return NestFactory.create(AppModule, options);
  const { FastifyAdapter } = await import(adapterPackage);
  return NestFactory.create(AppModule, new FastifyAdapter(), options);
}

async function close(app: INestApplication): Promise<void> {
  const cache = app.get(DiskCache, { strict: false });
  await app.close();
  const found = await cache.get('key').catch((error: { code: string }) => error.code);
  console.log(`after close: ${String(found)}`);
}

void main();
