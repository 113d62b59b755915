import { describe, expect, it } from 'vitest'

import type { SigningStep } from '@/api/types'
import { inReadingOrder, nextField, progressOf, stageOf, stepsOf } from '@/signing/stepper'

const steps = (...states: SigningStep['state'][]): SigningStep[] =>
  (['agreement', 'reading', 'sign'] as const).map((kind, i) => ({ kind, state: states[i] ?? 'todo' }))
const stage = (status: string, of: SigningStep[], contract = 'in_progress') =>
  stageOf({ status, steps: of, contract: { status: contract } } as never).name

describe('stage', () => {
  it('is the step that the server calls current', () => {
    expect(stage('in_progress', steps('current'))).toBe('agreement')
    expect(stage('in_progress', steps('done', 'done', 'current'))).toBe('sign')
  })
  it('is waiting when nothing is open', () => {
    expect(stage('waiting', steps())).toBe('waiting')
  })
  it('is the outcome before any step', () => {
    expect(stage('stamping', steps('done', 'done', 'current'))).toBe('stamping')
    expect(stage('signed', steps('done', 'done', 'done'))).toBe('signed')
    expect(stage('declined', steps('current'))).toBe('declined')
    expect(stage('in_progress', steps('current'), 'withdrawn')).toBe('withdrawn')
    expect(stage('in_progress', steps('current'), 'expired')).toBe('expired')
  })
  it('tells who is no longer asked', () => {
    expect(stage('called_off', steps('current'))).toBe('called_off')
    expect(stage('called_off', steps('current'), 'completed')).toBe('called_off')
  })
  it('stays signed when the contract ended later', () => {
    expect(stage('signed', steps('done', 'done', 'done'), 'withdrawn')).toBe('signed')
  })
})

describe('stepper', () => {
  it('shows how many are left, the confirmation included', () => {
    const views = stepsOf(steps('done', 'current'), false)
    expect(views.map((view) => view.kind)).toEqual(['agreement', 'reading', 'sign', 'intent'])
    expect(progressOf(views)).toEqual({ at: 2, of: 4, left: 2 })
  })
  it('moves to the confirmation when all fields are filled', () => {
    expect(progressOf(stepsOf(steps('done', 'done', 'current'), false))).toEqual({ at: 3, of: 4, left: 1 })
    expect(progressOf(stepsOf(steps('done', 'done', 'current'), true))).toEqual({ at: 4, of: 4, left: 0 })
  })
  it('does not confirm what is not yet open', () => {
    expect(stepsOf(steps('current'), true).at(-1)?.state).toBe('todo')
  })
  it('is done when it is over', () => {
    expect(progressOf(stepsOf(steps('done', 'done', 'current'), true, true))).toEqual({ at: 4, of: 4, left: 0 })
  })
  it('has only the steps that the contract type asks for', () => {
    expect(stepsOf([{ kind: 'sign', state: 'current' }], false)).toHaveLength(2)
  })
})

describe('fields', () => {
  const field = (id: string, document_id: string, page: number, x: number, y: number, h = 20) => ({ id, document_id, page, x, y, h })
  it('come in reading order, PDF coordinates growing upwards', () => {
    const all = [field('low', 'd1', 1, 10, 100), field('p2', 'd1', 2, 0, 700), field('d2', 'd2', 1, 0, 0), field('right', 'd1', 1, 300, 600), field('left', 'd1', 1, 10, 600)]
    expect(inReadingOrder(all, [{ id: 'd1' }, { id: 'd2' }]).map((each) => each.id)).toEqual(['left', 'right', 'low', 'p2', 'd2'])
  })
  it('lead from one empty field to the next, around the end, until none is left', () => {
    const all = ['a', 'b', 'c'].map((id) => ({ id }))
    const filled = new Set<string>()
    const next = (from?: string) => nextField(all, (each) => filled.has(each.id), from)?.id
    expect(next()).toBe('a')
    expect(next('a')).toBe('b')
    filled.add('a').add('c')
    expect(next('b')).toBe('b')
    expect(next('c')).toBe('b')
    filled.add('b')
    expect(next('b')).toBeUndefined()
  })
})
