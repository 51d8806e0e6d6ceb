/** A process that fills a subject's directory, to be copied for each of its cells: node cell/fill.ts <subject> <data set> <directory> */
import { subjectNamed } from '../subjects/subjects.ts';
import { DATA_SETS, type DataSetName, entriesOf } from '../workload.ts';

const [subjectName, dataSetName, directory] = process.argv.slice(2) as [string, DataSetName, string];
const subject = await subjectNamed(subjectName);
const store = await subject.open(directory);
for (const piece of entriesOf(DATA_SETS[dataSetName])) await store.fill(piece);
await store.close();
