id, queue, kind, key, state, attempts, max_attempts, run_at_ms, leased_until_ms, outside_call_at_ms, last_error,
    instance_id, item, created_at_ms, finished_at_ms
