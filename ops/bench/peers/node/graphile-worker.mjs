// Drains no-op jobs with graphile-worker: node graphile-worker.mjs URL JOBS CONCURRENCY default|localQueue
// Prints one line of JSON: how many jobs were done, and in how many seconds, from the first handler's begin until the
// last job is committed as done.
import { Logger, run, runMigrations } from "graphile-worker";
import pg from "pg";
import { drained } from "./drained.mjs";

const [url, jobsText, concurrencyText, mode] = process.argv.slice(2);
const jobs = Number(jobsText);
const concurrency = Number(concurrencyText);
const logger = new Logger(() => () => {});

// Local batches of 500 are its own performance test's choice; done jobs are written in batches too.
const worker = {
  default: {},
  localQueue: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
}[mode];

const pool = new pg.Pool({ connectionString: url, max: Math.max(10, Math.min(concurrency, 20)) });
pool.on("error", () => {});
pool.on("connect", (client) => client.on("error", () => {}));
await runMigrations({ pgPool: pool, logger });
await pool.query(
  `select graphile_worker.add_jobs(array(
     select json_populate_record(null::graphile_worker.job_spec, json_build_object('identifier', 'noop', 'payload', json_build_object('n', n)))
     from generate_series(1, $1::int) n))`,
  [jobs],
);
await pool.query("vacuum analyze");

let begun;
let ran = 0;
const taskList = {
  noop: async () => {
    begun ??= performance.now();
    ran += 1;
  },
};
const runner = await run({
  pgPool: pool,
  taskList,
  noHandleSignals: true,
  preset: { worker: { concurrentJobs: concurrency, pollInterval: 500, ...worker } },
  logger,
});
const left = "select exists (select 1 from graphile_worker._private_jobs) as left";
const ended = await drained(pool, left, () => ran >= jobs);
process.stdout.write(`${JSON.stringify({ jobs: ran, seconds: (ended - begun) / 1000 })}\n`);
await runner.stop();
await pool.end();
