/** English, complete. */
import type { Messages } from '../zh'
import common from './common'
import contracts from './contracts'
import ops from './ops'
import seals from './seals'
import signing from './signing'
import validation from './validation'

const en: Messages = { ...common, ...signing, ...contracts, ...ops, ...seals, ...validation }
export default en
