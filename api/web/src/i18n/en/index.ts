/** English, complete. */
import type { Messages } from '../zh'
import common from './common'
import contracts from './contracts'
import ops from './ops'
import signing from './signing'

const en: Messages = { ...common, ...signing, ...contracts, ...ops }
export default en
