import { describe, expect, it } from 'vitest'

import { ApiError, errorOfAnswer, errorOfFailure } from '@/api/problem'

const problem = (code: string, more: object = {}) => ({
  type: `urn:sealflow:problem:${code}`, title: '标题', status: 400, detail: '说明', code, request_id: 'r-1', ...more,
})

describe('problem details become typed errors', () => {
  it.each([
    [401, 'not_signed_in', 'expired'],
    [401, 'code_wrong', 'refused'],
    [401, 'code_expired', 'refused'],
    [403, 'forbidden', 'forbidden'],
    [404, 'link_unknown', 'missing'],
    [409, 'step_not_open', 'conflict'],
    [410, 'link_expired', 'gone'],
    [413, 'file_too_large', 'refused'],
    [422, 'code_wrong', 'refused'],
    [429, 'too_many_tries', 'limited'],
    [500, 'internal', 'server'],
    [503, 'unavailable', 'server'],
  ])('%i %s is %s', (status, code, kind) => {
    const error = errorOfAnswer(status, problem(code))
    expect(error).toMatchObject({ kind, status, code, title: '标题', detail: '说明', requestId: 'r-1' })
  })

  it('keeps the entries that are wrong, the tries and the wait', () => {
    const fields = [{ field: 'recipients[0].phone', message: '请输入 11 位手机号码' }]
    const error = errorOfAnswer(422, problem('invalid_fields', { fields, tries_left: 3, retry_after_s: 42 }))
    expect(error).toMatchObject({ fields, triesLeft: 3, retryAfterS: 42 })
  })

  it('takes the code from the type, and id and wait from the headers', () => {
    const headers = new Headers({ 'x-request-id': 'r-2', 'retry-after': '7' })
    const error = errorOfAnswer(429, { type: 'urn:sealflow:problem:code_limit' }, headers)
    expect(error).toMatchObject({ code: 'code_limit', requestId: 'r-2', retryAfterS: 7 })
  })

  it('survives an answer that is no problem document', () => {
    for (const body of ['<html>Bad Gateway</html>', undefined, null, { fields: 'x' }]) {
      expect(errorOfAnswer(502, body)).toMatchObject({ kind: 'server', code: '', title: '', fields: [] })
    }
  })

  it('only a missing answer or a server failure leaves the outcome unknown', () => {
    expect(errorOfFailure(new TypeError('Failed to fetch'))).toMatchObject({ kind: 'offline', unknownOutcome: true })
    expect(errorOfAnswer(500, {}).unknownOutcome).toBe(true)
    expect(errorOfAnswer(409, {}).unknownOutcome).toBe(false)
    expect(errorOfAnswer(422, {}).unknownOutcome).toBe(false)
  })

  it('passes an ApiError through', () => {
    const error = new ApiError('gone', 410)
    expect(errorOfFailure(error)).toBe(error)
  })
})
