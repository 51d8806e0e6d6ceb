import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { BooksController, EditingController } from './books.controller.ts';
import { CachesModule } from './caches.module.ts';
import { FilesController } from './files.controller.ts';
import { HealthController } from './health.controller.ts';
import { PlainController } from './plain.controller.ts';
import { ReportsController } from './reports.controller.ts';
import { SteeringController } from './steering.controller.ts';

@Module({
  imports: [CachesModule, TerminusModule.forRoot({ logger: false })],
  controllers: [
    BooksController,
    EditingController,
    FilesController,
    HealthController,
    PlainController,
    ReportsController,
    SteeringController,
  ],
})
export class AppModule {}
