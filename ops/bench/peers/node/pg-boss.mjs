// Drains no-op jobs with pg-boss in batches of 100: node pg-boss.mjs URL JOBS CONCURRENCY
// Prints one line of JSON: how many jobs were done, and in how many seconds, from the first handler's begin until the
// last job is committed as done.
import pg from "pg";
import { PgBoss } from "pg-boss";
import { drained } from "./drained.mjs";

const [url, jobsText, concurrencyText] = process.argv.slice(2);
const jobs = Number(jobsText);
const concurrency = Number(concurrencyText);

const boss = new PgBoss({ connectionString: url, max: Math.max(10, Math.min(concurrency, 20)), supervise: false, schedule: false });
boss.on("error", (error) => process.stderr.write(`${error.message}\n`));
await boss.start();
await boss.createQueue("noop");
for (let first = 0; first < jobs; first += 1000) {
  const count = Math.min(1000, jobs - first);
  await boss.insert("noop", Array.from({ length: count }, (_, n) => ({ data: { n: first + n } })));
}
const pool = new pg.Pool({ connectionString: url, max: 1 });
await pool.query("vacuum analyze");

let begun;
let ran = 0;
const options = { batchSize: 100, localConcurrency: concurrency, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 };
await boss.work("noop", options, async (batch) => {
  begun ??= performance.now();
  ran += batch.length;
});
const left = "select exists (select 1 from pgboss.job where name = 'noop' and state < 'completed') as left";
const ended = await drained(pool, left, () => ran >= jobs);
process.stdout.write(`${JSON.stringify({ jobs: ran, seconds: (ended - begun) / 1000 })}\n`);
await boss.stop({ graceful: false });
await pool.end();
process.exit(0);
