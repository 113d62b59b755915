/** Chinese, the first language: the shape of all messages. */
import common from './common'
import contracts from './contracts'
import ops from './ops'
import seals from './seals'
import signing from './signing'
import validation from './validation'

const zh = { ...common, ...signing, ...contracts, ...ops, ...seals, ...validation }

/** Every language has exactly these keys; the compiler refuses a missing or an extra one. */
export type Messages = typeof zh

export default zh
