"""What clients were promised: every name, argument and type that stands here is kept.

Types, fields, optional arguments, error members and enum values may be added freely. Whoever takes
something out of this file breaks somebody's client.
"""

# `@pages` stands for the arguments of a connection: first, after, last, before.
PROMISED = """
type Query {
  me: Actor!
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  ticket(id: ID, number: Int): Ticket
  tickets(filter: TicketFilter, search: String, orderBy: TicketOrder): TicketConnection! @pages
  customer(id: ID!): Customer
  customers(search: String, filter: CustomerFilter): CustomerConnection! @pages
  company(id: ID!): Company
  companies(search: String): CompanyConnection! @pages
  callbacks(brandId: ID): [Callback!]!
  rules(brandId: ID, trigger: RuleTrigger): [Rule!]!
  ruleSimulate(ruleId: ID, draft: RuleInput, ticketId: ID!): RuleRun!
  brands: [Brand!]!
  teams: [Team!]!
  agents(search: String): AgentConnection! @pages
  topics(brandId: ID): [Topic!]!
  tags(search: String): TagConnection! @pages
  assignees(brandId: ID!, search: String): [Assignee!]!
  reminders(done: Boolean = false): NoteConnection! @pages
  dashboard(filter: TicketFilter): Dashboard!
  handover(ticketId: ID!, since: EventCursor): Handover!
  notifications(unreadOnly: Boolean = false): NotificationConnection! @pages
  openInteractions: [Interaction!]!
  recentInteractions: InteractionConnection! @pages
  ticketTemplates(brandId: ID): TicketTemplateConnection! @pages
  ticketTemplate(id: ID!): TicketTemplate
  ticketDrafts: TicketDraftConnection! @pages
}

interface Node { id: ID! }
union Actor = Agent | Customer | Integration | Automation
union Assignee = Agent | Team
type Agent implements Node { id: ID! }
type Integration implements Node { id: ID! }
type Brand implements Node { id: ID! }
type Team implements Node { id: ID! }
type Topic implements Node { id: ID! }
type Tag implements Node { id: ID! }

type Ticket implements Node {
  id: ID!
  number: Int!
  version: Int!
  eventCursor: EventCursor!
  title: String!
  description: String
  status: TicketStatus!
  priority: TicketPriority!
  channel: Channel!
  createdAt: DateTime!
  updatedAt: DateTime!
  closedAt: DateTime
  firstResponseAt: DateTime
  brand: Brand!
  topic: Topic
  team: Team
  assignee: Agent
  customer: Customer!
  tags: [Tag!]!
  emailSubject: String!
  messages(around: ID): MessageConnection! @pages
  timeline(around: ID): TimelineConnection! @pages
  notes(kind: NoteKind): NoteConnection! @pages
  favorites: FavoriteConnection! @pages
  favoriteCount: Int!
  messageCount: Int!
  lastMessage: Message
  changes: TicketChangeConnection! @pages
  ruleRuns: RuleRunConnection! @pages
  viewers: [Presence!]!
}
type Presence { who: Actor! state: PresenceState! field: String since: DateTime! }
enum PresenceState { VIEWING EDITING TYPING AWAY }
enum TicketStatus { NEW OPEN PENDING ON_HOLD RESOLVED CLOSED }
enum TicketPriority { LOW MEDIUM HIGH URGENT }
enum Channel {
  EMAIL PHONE WEB INTERNAL LIVE_CHAT TELEGRAM VIBER SKYPE SLACK WHATSAPP LINE INSTAGRAM FACEBOOK
}
union TimelineItem = Message | Note | TicketChange
type Handover {
  ticket: Ticket!
  cursor: EventCursor!
  sinceMoment: DateTime
  favorites: FavoriteConnection! @pages
  reminders: NoteConnection! @pages
  notes: NoteConnection! @pages
  changes: TicketChangeConnection! @pages
  messages: MessageConnection! @pages
  messageCount: Int!
  discussion: NoteConnection! @pages
}

type Message implements Node {
  id: ID!
  ticket: Ticket!
  author: Actor!
  channel: Channel!
  direction: MessageDirection!
  body: String!
  createdAt: DateTime!
  attachments: [Attachment!]!
  delivery: Delivery
  favorite: Favorite
}
enum MessageDirection { INCOMING OUTGOING }

type Note implements Node {
  id: ID!
  kind: NoteKind!
  version: Int!
  ticket: Ticket
  customer: Customer
  company: Company
  author: Actor!
  body: String!
  createdAt: DateTime!
  updatedAt: DateTime!
  attachments: [Attachment!]!
  mentions: [Agent!]!
  remindAt: DateTime
  remindWhom: Agent
  doneAt: DateTime
  todos: [Todo!]!
  revisions: NoteRevisionConnection! @pages
  favorite: Favorite
}
enum NoteKind { INLINE TICKET CUSTOMER COMPANY }

type Favorite implements Node {
  id: ID!
  ticket: Ticket!
  item: FavoriteItem!
  addedBy: Actor!
  addedAt: DateTime!
}
union FavoriteItem = Message | Note

type Attachment implements Node {
  id: ID!
  filename: String!
  contentType: String!
  size: Int!
  url: String!
}

type Customer implements Node {
  id: ID!
  version: Int!
  name: String!
  email: String
  phone: String
  language: String
  company: Company
  profiles: [ChannelProfile!]!
  notes: NoteConnection! @pages
  tickets: TicketConnection! @pages
  interactions: InteractionConnection! @pages
}
type ChannelProfile implements Node {
  id: ID!
  channel: Channel!
  handle: String!
  verified: Boolean!
  customer: Customer!
  linkedAt: DateTime
}
type Company implements Node {
  id: ID!
  version: Int!
  name: String!
  domains: [String!]!
  customers: CustomerConnection! @pages
  notes: NoteConnection! @pages
  tickets: TicketConnection! @pages
}
type Interaction implements Node {
  id: ID!
  version: Int!
  customer: Customer
  ticket: Ticket
  channel: Channel!
  openedAt: DateTime!
  closedAt: DateTime
  tags: [String!]!
  summary: String
}

type Mutation {
  signIn(input: SignInInput!): SignInResult!
  signOut: SignOutResult!
  ticketCreate(input: TicketCreateInput!): TicketCreateResult!
  ticketUpdate(input: TicketUpdateInput!): TicketUpdateResult!
  ticketTransfer(input: TicketTransferInput!): TicketTransferResult!
  ticketClose(input: TicketCloseInput!): TicketCloseResult!
  ticketReopen(input: TicketReopenInput!): TicketReopenResult!
  ticketTag(input: TicketTagInput!): TicketTagResult!
  ticketUntag(input: TicketUntagInput!): TicketUntagResult!
  ticketTemplateCreate(input: TicketTemplateCreateInput!): TicketTemplateCreateResult!
  ticketTemplateUpdate(input: TicketTemplateUpdateInput!): TicketTemplateUpdateResult!
  ticketTemplateDelete(input: TicketTemplateDeleteInput!): TicketTemplateDeleteResult!
  ticketDraftSave(input: TicketDraftSaveInput!): TicketDraftSaveResult!
  ticketDraftDelete(input: TicketDraftDeleteInput!): TicketDraftDeleteResult!
  attachmentUploadCreate(input: AttachmentUploadCreateInput!): AttachmentUploadCreateResult!
  chatStart(input: ChatStartInput!): ChatStartResult!
  messageSend(input: MessageSendInput!): MessageSendResult!
  messageReceive(input: MessageReceiveInput!): MessageReceiveResult!
  deliveryConfirm(input: DeliveryConfirmInput!): DeliveryConfirmResult!
  noteAdd(input: NoteAddInput!): NoteAddResult!
  noteUpdate(input: NoteUpdateInput!): NoteUpdateResult!
  noteDelete(input: NoteDeleteInput!): NoteDeleteResult!
  reminderComplete(input: ReminderCompleteInput!): ReminderCompleteResult!
  todoCheck(input: TodoCheckInput!): TodoCheckResult!
  favoriteAdd(input: FavoriteAddInput!): FavoriteAddResult!
  favoriteRemove(input: FavoriteRemoveInput!): FavoriteRemoveResult!
  customerCreate(input: CustomerCreateInput!): CustomerCreateResult!
  customerUpdate(input: CustomerUpdateInput!): CustomerUpdateResult!
  customerMerge(input: CustomerMergeInput!): CustomerMergeResult!
  customerUnmerge(input: CustomerUnmergeInput!): CustomerUnmergeResult!
  profileLink(input: ProfileLinkInput!): ProfileLinkResult!
  profileUnlink(input: ProfileUnlinkInput!): ProfileUnlinkResult!
  profileVerify(input: ProfileVerifyInput!): ProfileVerifyResult!
  companyCreate(input: CompanyCreateInput!): CompanyCreateResult!
  companyUpdate(input: CompanyUpdateInput!): CompanyUpdateResult!
  apiTokenCreate(input: ApiTokenCreateInput!): ApiTokenCreateResult!
  apiTokenRevoke(input: ApiTokenRevokeInput!): ApiTokenRevokeResult!
  apiTokenRotate(input: ApiTokenRotateInput!): ApiTokenRotateResult!
  apiTokenUpdate(input: ApiTokenUpdateInput!): ApiTokenUpdateResult!
  brandCreate(input: BrandCreateInput!): BrandCreateResult!
  brandUpdate(input: BrandUpdateInput!): BrandUpdateResult!
  brandDelete(input: BrandDeleteInput!): BrandDeleteResult!
  teamCreate(input: TeamCreateInput!): TeamCreateResult!
  teamUpdate(input: TeamUpdateInput!): TeamUpdateResult!
  teamDelete(input: TeamDeleteInput!): TeamDeleteResult!
  agentCreate(input: AgentCreateInput!): AgentCreateResult!
  agentUpdate(input: AgentUpdateInput!): AgentUpdateResult!
  agentDelete(input: AgentDeleteInput!): AgentDeleteResult!
  topicCreate(input: TopicCreateInput!): TopicCreateResult!
  topicUpdate(input: TopicUpdateInput!): TopicUpdateResult!
  topicDelete(input: TopicDeleteInput!): TopicDeleteResult!
  tagCreate(input: TagCreateInput!): TagCreateResult!
  tagUpdate(input: TagUpdateInput!): TagUpdateResult!
  tagDelete(input: TagDeleteInput!): TagDeleteResult!
  interactionOpen(input: InteractionOpenInput!): InteractionOpenResult!
  interactionUpdate(input: InteractionUpdateInput!): InteractionUpdateResult!
  interactionTag(input: InteractionTagInput!): InteractionTagResult!
  interactionUntag(input: InteractionUntagInput!): InteractionUntagResult!
  interactionClose(input: InteractionCloseInput!): InteractionCloseResult!
  interactionReopen(input: InteractionReopenInput!): InteractionReopenResult!
  presenceSet(input: PresenceSetInput!): PresenceSetResult!
  notificationsMarkRead(input: NotificationsMarkReadInput!): NotificationsMarkReadResult!
  callbackCreate(input: CallbackCreateInput!): CallbackCreateResult!
  callbackUpdate(input: CallbackUpdateInput!): CallbackUpdateResult!
  callbackDelete(input: CallbackDeleteInput!): CallbackDeleteResult!
  callbackRun(input: CallbackRunInput!): CallbackRunResult!
  ruleCreate(input: RuleCreateInput!): RuleCreateResult!
  ruleUpdate(input: RuleUpdateInput!): RuleUpdateResult!
  ruleDelete(input: RuleDeleteInput!): RuleDeleteResult!
  rulesReorder(input: RulesReorderInput!): RulesReorderResult!
  ruleResume(input: RuleResumeInput!): RuleResumeResult!
  identityRulesInstall(input: IdentityRulesInstallInput!): IdentityRulesInstallResult!
  webhookCreate(input: WebhookCreateInput!): WebhookCreateResult!
  webhookUpdate(input: WebhookUpdateInput!): WebhookUpdateResult!
  webhookDelete(input: WebhookDeleteInput!): WebhookDeleteResult!
}
input CallbackRunInput { callbackId: ID parameters: [CallbackParameterValueInput!]! = [] }
input CallbackParameterValueInput { name: String! value: String }
union BrandDeleteResult = BrandDeleteSuccess | NotFound | NotAllowed | StillInUse
type StillInUse implements UserError {
  code: ErrorCode!
  message: String!
  ticketCount: Int!
  openTicketCount: Int!
}
union CallbackRunResult =
  | CallbackRunSuccess | ValidationFailed | NotFound | NotAllowed | CallbackFailed | Unavailable
type CallbackRunSuccess { values: [CallbackValue!]! fetchedAt: DateTime! }
type CallbackValue { label: String! value: String }
type Callback implements Node { id: ID! }
type Rule implements Node {
  id: ID!
  version: Int!
  name: String!
  brand: Brand!
  trigger: RuleTrigger!
  enabled: Boolean!
  onAgentTickets: Boolean!
  allOf: [RuleCondition!]!
  anyOf: [RuleCondition!]!
  actions: [RuleAction!]!
  pausedAt: DateTime
  runs: RuleRunConnection! @pages
}
type RuleRun implements Node { id: ID! rule: Rule ruleVersion: Int! startedAt: DateTime! }
enum RuleTrigger { INCOMING UPDATED }
input IdentityRulesInstallInput {
  brandId: ID!
  channels: [Channel!]! = [
    LIVE_CHAT TELEGRAM VIBER SKYPE SLACK WHATSAPP LINE INSTAGRAM FACEBOOK
  ]
  language: String
  maxReminders: Int! = 3
}
input InteractionOpenInput {
  channel: Channel!
  customerId: ID
  handle: String
  ticketId: ID
  idempotencyKey: String
}
input InteractionUpdateInput { interactionId: ID! expectedVersion: Int! summary: String }
input InteractionTagInput { interactionId: ID! tag: String! }
input InteractionUntagInput { interactionId: ID! tag: String! }
input InteractionCloseInput {
  interactionId: ID!
  outcome: InteractionOutcome
  customerForm: CustomerFormInput
}
enum InteractionOutcome { SAVE DISCARD CREATE }
union InteractionCloseResult =
  | InteractionCloseSuccess | UnsavedChanges | EditConflict | AlreadyExists
input InteractionReopenInput { interactionId: ID }
input PresenceSetInput { resourceId: ID! state: PresenceState! field: String }

input SignInInput { email: String! password: String! }
type SignInSuccess { token: String! agent: Agent! expiresAt: DateTime! }

input TicketUpdateInput {
  ticketId: ID!
  expectedVersion: Int!
  title: String
  description: String
  status: TicketStatus
  priority: TicketPriority
  topicId: ID
}
type TicketUpdateSuccess { ticket: Ticket! mergedFields: [String!]! }
input TicketTransferInput { ticketId: ID! assigneeId: ID teamId: ID comment: String }
input TicketCloseInput { ticketId: ID! }
input TicketReopenInput { ticketId: ID! }
input TicketDraftSaveInput { draftId: ID expectedVersion: Int }
type TicketDraftSaveSuccess { draft: TicketDraft! mergedFields: [String!]! }
input TicketDraftDeleteInput { draftId: ID! }
type TicketDraftDeleteSuccess { draftId: ID! }
input TicketCreateInput {
  brandId: ID!
  templateId: ID
  topicId: ID
  status: TicketStatus
  title: String
  customer: TicketCustomerInput!
  emailSubject: String
  description: String
  attachmentIds: [ID!]
  priority: TicketPriority
  assigneeId: ID
  teamId: ID
  tagIds: [ID!]
  saveAsTemplate: SaveAsTemplateInput
  draftId: ID
  idempotencyKey: String
}
input TicketCustomerInput { id: ID name: String email: String phone: String }
input SaveAsTemplateInput { name: String! }
type TicketCreateSuccess { ticket: Ticket template: TicketTemplate }
union TicketCreateResult = TicketCreateSuccess | ValidationFailed | AlreadyExists
type TicketTemplate implements Node { id: ID! version: Int! }
type TicketTemplateCreateSuccess { template: TicketTemplate! }
type TicketTemplateUpdateSuccess { template: TicketTemplate! mergedFields: [String!]! }
input TicketTemplateDeleteInput { templateId: ID! }
type TicketTemplateDeleteSuccess { templateId: ID! }
input TicketTagInput { ticketId: ID! tagId: ID name: String }
input TicketUntagInput { ticketId: ID! tagId: ID name: String }

input AttachmentUploadCreateInput { filename: String! contentType: String! size: Int! }
type AttachmentUploadCreateSuccess { attachment: Attachment! uploadUrl: String }
input ChatStartInput { brandId: ID! name: String language: String }
type ChatStartSuccess { token: String! ticket: Ticket! }
input MessageSendInput {
  ticketId: ID!
  body: String!
  attachmentIds: [ID!]
  expectedVersion: Int
  idempotencyKey: String
}
union MessageSendResult = MessageSendSuccess | NewActivity
input MessageReceiveInput {
  channel: Channel!
  handle: String!
  externalId: String
  body: String!
  name: String
  email: String
  phone: String
  subject: String
  attachmentIds: [ID!]
  brandId: ID!
  idempotencyKey: String
}
type MessageReceiveSuccess { message: Message! ticket: Ticket customer: Customer }
input NoteAddInput {
  kind: NoteKind!
  ticketId: ID
  customerId: ID
  companyId: ID
  body: String!
  attachmentIds: [ID!]
  remindAt: DateTime
  remindWhomId: ID
  todos: [String!]
  idempotencyKey: String
}
input NoteUpdateInput {
  noteId: ID!
  expectedVersion: Int!
  body: String
  remindAt: DateTime
  remindWhomId: ID
}
type NoteUpdateSuccess { note: Note! mergedFields: [String!]! }
input NoteDeleteInput { noteId: ID! expectedVersion: Int }
type NoteDeleteSuccess { noteId: ID! }
input ReminderCompleteInput { noteId: ID! }
type ReminderCompleteSuccess { note: Note! }
input TodoCheckInput { todoId: ID! }
type TodoCheckSuccess { note: Note! }
input FavoriteAddInput { itemId: ID! }
type FavoriteAddSuccess { favorite: Favorite! ticket: Ticket! }
union FavoriteAddResult = FavoriteAddSuccess | NotFound | LimitReached
input FavoriteRemoveInput { itemId: ID! }
type FavoriteRemoveSuccess { itemId: ID! ticket: Ticket! }

interface UserError { code: ErrorCode! message: String! }
type ValidationFailed implements UserError {
  code: ErrorCode!
  message: String!
  fields: [FieldError!]!
}
type FieldError {
  path: [String!]!
  code: FieldErrorCode!
  message: String!
  limit: Int
  actual: Int
}
type NotFound implements UserError { code: ErrorCode! message: String! }
type NotAllowed implements UserError { code: ErrorCode! message: String! }
type EditConflict implements UserError {
  code: ErrorCode!
  message: String!
  currentVersion: Int!
  changedBy: Actor!
  changedAt: DateTime!
  fields: [ConflictingField!]!
  current: Node!
}
type ConflictingField { field: String! base: String theirs: String yours: String }
type LimitReached implements UserError { code: ErrorCode! message: String! limit: Int! }
type AlreadyExists implements UserError { code: ErrorCode! message: String! existing: Node }
type UnsavedChanges implements UserError {
  code: ErrorCode!
  message: String!
  fields: [String!]!
}
type IdempotencyKeyReused implements UserError { code: ErrorCode! message: String! }
type NewActivity implements UserError {
  code: ErrorCode!
  message: String!
  items: [TimelineItem!]!
}
type Unavailable implements UserError {
  code: ErrorCode!
  message: String!
  retryAfterSeconds: Int
}

type Subscription {
  ticketEvents(ticketId: ID!, after: EventCursor): TicketEvent!
  favorites(ticketId: ID!): FavoriteList!
  inboxEvents(filter: TicketFilter, after: EventCursor): InboxEvent!
  editWarnings(resourceIds: [ID!]!): EditWarning!
  presence(resourceId: ID!): PresenceList!
  customerEvents(customerId: ID!, after: EventCursor): CustomerEvent!
  dashboard(filter: TicketFilter): Dashboard!
  notificationEvents(after: EventCursor): NotificationEvent!
  chatEvents(after: EventCursor): ChatEvent!
  deliveryRequests(channel: Channel!, after: EventCursor): DeliveryRequestEvent!
}
union ChatEvent = StreamReady | StreamReset
union DeliveryRequestEvent = StreamReady | StreamReset
union CustomerEvent = StreamReady | StreamReset
union NotificationEvent = StreamReady | StreamReset
type EditWarning implements Event {
  cursor: EventCursor!
  resource: Node!
  changedBy: Actor!
  changedAt: DateTime!
  version: Int!
  changes: [FieldChange!]!
}
interface Event { cursor: EventCursor! }
union TicketEvent =
  | StreamReady | StreamReset | MessageAdded | NoteAdded | NoteChanged | NoteDeleted
  | FavoriteAdded | FavoriteRemoved | TicketChanged | DeliveryChanged | AccessLost
union InboxEvent = StreamReady | StreamReset
type StreamReady implements Event { cursor: EventCursor! actor: Actor occurredAt: DateTime! }
type StreamReset implements Event {
  cursor: EventCursor!
  actor: Actor
  occurredAt: DateTime!
  reason: ResetReason!
}
type MessageAdded implements Event {
  cursor: EventCursor!
  actor: Actor
  occurredAt: DateTime!
  message: Message!
}
type NoteAdded implements Event {
  cursor: EventCursor!
  actor: Actor
  occurredAt: DateTime!
  note: Note!
}
type NoteChanged implements Event {
  cursor: EventCursor!
  actor: Actor
  occurredAt: DateTime!
  note: Note!
}
type NoteDeleted implements Event {
  cursor: EventCursor!
  actor: Actor
  occurredAt: DateTime!
  noteId: ID!
}
type FavoriteAdded implements Event {
  cursor: EventCursor!
  actor: Actor
  occurredAt: DateTime!
  favorite: Favorite!
  favoriteCount: Int!
}
type FavoriteRemoved implements Event {
  cursor: EventCursor!
  actor: Actor
  occurredAt: DateTime!
  itemId: ID!
  favoriteCount: Int!
}
type TicketChanged implements Event {
  cursor: EventCursor!
  actor: Actor
  occurredAt: DateTime!
  ticket: Ticket!
  changes: [FieldChange!]!
}
type DeliveryChanged implements Event {
  cursor: EventCursor!
  actor: Actor
  occurredAt: DateTime!
  message: Message!
}
type AccessLost implements Event { cursor: EventCursor! actor: Actor occurredAt: DateTime! }
type FieldChange { field: String! before: String after: String }
type FavoriteList {
  ticketId: ID!
  favoriteCount: Int!
  favorites: FavoriteConnection! @pages
  change: FavoriteChange
  cursor: EventCursor!
}
"""
