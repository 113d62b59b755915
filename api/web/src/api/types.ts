/** The shapes that pages work with, under the names of the glossary. */
import type { components } from './schema'

type Schemas = components['schemas']

export type Environment = Schemas['Environment']
export type Link = Schemas['Link']
export type Me = Schemas['Me']
export type ContractType = Schemas['ContractType']
export type Organization = Schemas['Organization']
export type ContractInput = Schemas['ContractInput']
export type ContractDetail = Schemas['ContractDetail']
export type ContractSummary = Schemas['ContractSummary']
export type ContractList = Schemas['ContractList']
export type ContractView = Schemas['ContractView']
export type Recipient = Schemas['Recipient']
export type Document = Schemas['Document']
export type TimelineEntry = Schemas['TimelineEntry']
export type Signing = Schemas['Signing']
export type SigningStep = Schemas['Step']
export type Field = Schemas['Field']
/** What the server has in a field. */
export type FieldValue = Schemas['FieldValue']
/** What is sent to put into one. */
export type FieldEntry = Schemas['FieldEntry']
/** What a page shows in a field: from the server, or entered here; null was emptied here. */
export type FieldContent = FieldValue | FieldEntry | null
export type FieldSlice = Schemas['FieldSlice']
export type FieldKind = Schemas['FieldKind']
/** What a sender places on the files. */
export type PlacedField = Schemas['PlacedField']
/** What the contract type places. */
export type RoleField = Schemas['RoleField']
/** How a date or text is set. */
export type TextLook = Schemas['TextLook']
export type Seal = Schemas['Seal']
export type SignatureImage = Schemas['SignatureImage']
export type Queue = Schemas['Queue']
export type Provider = Schemas['Provider']
export type Schedule = Schemas['Schedule']
export type Job = Schemas['Job']
export type Incident = Schemas['Incident']
export type Instance = Schemas['InstanceDetail']
export type InstanceSummary = Schemas['InstanceSummary']
