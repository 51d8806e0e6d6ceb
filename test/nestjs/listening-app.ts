import 'reflect-metadata';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { onTestFinished } from 'vitest';

/** An app on the loopback interface, which closes with the running test. */
export async function listen(metadata: ModuleMetadata) {
  const testing = await Test.createTestingModule(metadata).compile();
  const app: INestApplication<Server> = testing.createNestApplication();
  onTestFinished(() => app.close());
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const ask = async (path: string, init?: RequestInit) => {
    // A connection that is kept alive would keep the app from closing.
    const headers = { connection: 'close' };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, ...init });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return {
      status: response.status,
      found: response.headers.get('x-cache'),
      body: (isJson ? JSON.parse(text) : text) as unknown,
      headers: response.headers,
    };
  };
  return { app, ask };
}
