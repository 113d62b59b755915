// Waits until all handlers have run and no job is left; tells when. The database is asked only at the end, so that the
// asking costs the measurement nothing.
export async function drained(pool, left, allRan) {
  while (!allRan()) await new Promise((resolve) => setTimeout(resolve, 5));
  while ((await pool.query(left)).rows[0].left) await new Promise((resolve) => setTimeout(resolve, 2));
  return performance.now();
}
