/** Every bound of the system, with its reason. Each has a test that reaches it. */
export const limits = {
  /** Request body kept in memory so that another server can get it: HAProxy keeps one buffer (16 kB), Traefik 2 MB; this times hundreds of requests must fit the isolate's 128 MB. */
  replayBodyBytes: 64 * 1024,

  /** Characters of a client's `X-Request-Id` that is taken over: it stands in every log line of the request. */
  requestIdLength: 128,
  /** Characters of a request's URL: 16 KB, as at the edge; HAProxy has one buffer of that for the whole header. */
  urlLength: 16 * 1024,
  /** Bytes of a request's fields, names and values together: half of what the edge takes, so that the next hop has room for ours. */
  headerBytes: 64 * 1024,
  /** Milliseconds that a site configuration may allow until the header of a response: the edge itself gives a client up after about 100 s. */
  deadlineMs: 100_000,
  /** Milliseconds after which a request whose client has gone before the header is given up: the runtime ends it after 30 s, and what is under way then gives no place back. */
  orphanMs: 10_000,
  /** Milliseconds that a body may stand still at most: who reads slower than that has gone. */
  idleMs: 3_600_000,
  /** Milliseconds that a tunnel may be silent at most: a day. */
  tunnelMs: 86_400_000,
  /** Bytes of a response that are read before its header goes out, if they come at once: most responses are smaller, and one that is whole cannot break off half-way. */
  readAheadBytes: 64 * 1024,
  /** Milliseconds that a header waits for more of such a body: less than anybody notices. */
  readAheadMs: 5,
  /** Bytes of one chunk of a body under way: a client that takes it within `idleMs` is slow, but not idle. */
  chunkBytes: 32 * 1024,
  /** Milliseconds for which the rest of a body is taken and dropped when the server has answered before its end, so that the client reads the answer and not a reset connection: nginx, `lingering_time`. */
  lingerMs: 30_000,
  /** Milliseconds for which a client may send nothing meanwhile: nginx, `lingering_timeout`. */
  lingerSilenceMs: 5_000,
  /** Bytes that may wait for one end of a WebSocket, beside one message (32 MiB at most): a burst for a quick reader fits. The runtime drops none of it before the connection ends, so a slow reader keeps that much of the isolate's 128 MB. */
  tunnelBytes: 2 * 1024 * 1024,
  /** UTF-16 units of one error page: each stands in memory, in every isolate. */
  errorPageLength: 64 * 1024,

  /** Servers of one pool: each is checked every few seconds, by one object, over at most 32 service bindings or the network. */
  servers: 1000,
  /** Requests at one server at once that a site configuration may allow from one isolate: each keeps its body and its fields in the isolate's 128 MB. */
  maxconn: 10_000,
  /** Requests of one pool that may wait at once in one isolate. */
  queued: 10_000,
  /** Milliseconds between two checks of a server: what is checked less than once an hour is not checked. */
  checkInterMs: 3_600_000,
  /** Checks under way at once: as many as one event may call other Workers. One that hangs takes one place for its `timeoutMs`, so the others wait for none of it. */
  checksAtOnce: 32,
  /** Bytes of a body that a check looks at. */
  checkBodyBytes: 64 * 1024,
  /** Milliseconds that checks may be early, so that many of them share one alarm: whatever is configured, it goes off ten times a second at most. Each is a row written. */
  checkTickMs: 100,
  /** Milliseconds after the last report in which servers are checked as the configuration says: whoever comes back within a minute finds fresh states. */
  checkActiveMs: 60_000,
  /** Milliseconds after the last report until checks end: until then the time between two of them doubles. A site that nobody visits costs nothing. */
  checkIdleMs: 600_000,
  /** Isolates of the front whose last report is remembered, so that one that comes twice counts once. */
  isolates: 1000,
  /** Milliseconds within which answers say how fast a server is. */
  latencyWindowMs: 60_000,
  /** Milliseconds that a drain may leave a server's own visitors with it: a week. Whoever needs longer sets no end. */
  drainMs: 7 * 86_400_000,
  /** Milliseconds that a server may rest at most, however often it was too slow: an hour. */
  ejectionMs: 3_600_000,
  /** Milliseconds in which a server that came back grows into its full share, at most: an hour. */
  slowStartMs: 3_600_000,
  /** Milliseconds that the cookie of a sticky pool may be good for: 30 bits of quarter seconds would take 34 years; a year is long. */
  stickyMs: 365 * 86_400_000,
  /** Milliseconds after which an isolate with requests asks control for news. */
  snapshotRefreshMs: 1000,
  /** Milliseconds for which an isolate goes by what control last told it: after that an operator's change is in force everywhere. */
  snapshotMaxAgeMs: 5000,
  /** Milliseconds that a request waits for control in an isolate that knows nothing, or nothing newer: less than anybody minds, and once in `snapshotMaxAgeMs`. */
  controlWaitMs: 250,
  /** Bytes of a request's body: the edge takes no more than 500 MB. */
  requestBodyBytes: 500 * 1024 * 1024,

  /** Clients of one route whose rate is remembered in an isolate, and in control: some 250 bytes each, 5 MB. The one that was not seen for longest is forgotten, most likely with all its requests to spare. */
  rateLimitKeys: 20_000,
  /** UTF-16 units of what tells one client of a rate limit from another: the digits of SHA-256, which is kept of what is as long or longer. */
  rateLimitKeyLength: 64,
  /** Clients of one route of which an isolate tells control at once, those with the most requests first: about 20 KB. */
  rateLimitReported: 200,
  /** Clients of one route of which control tells every isolate without being asked, those with the least to spare. */
  rateLimitTold: 100,
  /** Milliseconds after which an isolate that tells nothing is taken for gone, with the requests that it had under way. */
  isolateSilentMs: 10_000,
  /** Milliseconds between two writes of the counters, a row for each pool: at most 60 rows of a pool in an hour. What came since is lost when control's object is dropped. */
  countersStoreMs: 60_000,
  /** UTF-16 units of a method and target in a line of the log: HAProxy keeps as many (`REQURI_LEN`). */
  logRequestLength: 1024,

  /** Milliseconds that a server or node has to answer a probe: whoever needs more serves nobody well. */
  probeMs: 2000,
  /** Milliseconds that control has to answer: it may wait for a round of probes itself. */
  controlMs: 5000,

  /** Bytes of a body that the admin API takes: a page of JSON. */
  adminBodyBytes: 16 * 1024,

  /** Bytes of one static file: the platform takes no more (25 MiB). */
  staticFileBytes: 25 * 1024 * 1024,
  /** Static files: with two variants each is three assets, and a Worker has 100,000 at most. The manifest of so many, 11 MB, takes 0.4 s of the second that a Worker has to start. */
  staticFiles: 33_000,
  /** Bytes of static files kept in an isolate: an eighth of its 128 MB. */
  staticCacheBytes: 16 * 1024 * 1024,
  /** Bytes of a static file that is kept: the scripts, styles and icons of a site. Whatever is larger streams, so that one file cannot drive out the rest. */
  staticCachedFileBytes: 1024 * 1024,
  /** Static files whose fields of `_headers` are kept in an isolate: a kilobyte each. */
  staticFields: 4096,
  /** Bytes of one step in which a part of a large file is cut out: every step is a turn of JavaScript, and two of them are in memory. */
  staticStepBytes: 64 * 1024,

  /** Characters of a line of `_redirects`, as on Cloudflare: each may be sent back in a field. */
  redirectLength: 1000,
  /** Rules of `_redirects` without wildcards, as on Cloudflare: they stand in the program of the origins. */
  redirects: 2000,
  /** Rules with wildcards, as on Cloudflare: each request may be held against all of them. */
  redirectPatterns: 100,

  /** Bytes of one log record. A record is held three times while it is made and sent (rows, record, RPC copy), in an isolate of 128 MB, and RPC takes 32 MiB. */
  recordBytes: 16 * 1024 * 1024,
  /** Rows that one transaction may touch: their keys and images stand in memory at once. */
  transactionRows: 200_000,
  /** Bytes of one row of a log segment: Durable Objects take 2 MB a row in production. */
  logRowBytes: 1024 * 1024,
  /** Bytes of records in one RPC to a replica, unless a single record is larger. */
  shipBytes: 1024 * 1024,
  /** Records in one RPC to a replica: bounds the time that applying them holds up the replica's readers. */
  shipRecords: 512,
  /** A log segment is closed when it holds this many records. */
  segmentRecords: 4096,
  /** Bytes of a log segment, unless its only record is larger: 64 of them are half a GiB, of the 10 GB that a Durable Object takes. */
  segmentBytes: 8 * 1024 * 1024,
  /** Segments kept for replicas that join late, about 262,000 transactions. Older ones are dropped once every replica has them. */
  segmentsKept: 64,
  /** Segments kept at most, about 1,000,000 transactions or 2 GiB, even where a replica lacks them: a dead replica must not fill the disk. */
  segmentsMost: 256,
  /** Tries to take the next record of the log after which a replica answers no reads: what made one fail may pass, but meanwhile its answers grow old. The first are some hundred milliseconds apart. */
  replayTries: 3,
  /** Milliseconds after a commit at which the primary's alarm has shipping go on, should the object have lost its memory. An idle object stays for 10 s, so it knows by then whether all is shipped. One row is written in so much time. */
  shipResumeMs: 5_000,

  /** Rows of one slice of a check, and of one page of a snapshot: some ten milliseconds of the node's time. */
  sliceRows: 1000,
  /** Bytes of such a slice, unless a single row is larger: with the rows read beside it, it stands in the isolate's 128 MB. */
  sliceBytes: 1024 * 1024,
  /** Records after which the primary checks the next slice: on each node about four rows read for each transaction. */
  checkRecords: 256,
  /** Milliseconds after which a write has the next slice checked though there were fewer records: a quiet database is checked, too. */
  checkMs: 300_000,
  /** Milliseconds between two slices of a check that was asked for: half the node's time is left for others. */
  checkPauseMs: 10,
  /** Times that a snapshot begins anew at once because the schema changed meanwhile; then it waits each time. */
  snapshotTries: 5,
  /** Milliseconds that it waits: a migration is over by then. */
  snapshotWaitMs: 60_000,

  /** Time for one RPC to a replica: past it the call counts as failed, since a hung one would hold up shipping for ever. */
  shipMs: 10_000,
  /** Time for one call of a client to a replica, beyond the wait for a position; then another node is asked. */
  replicaReadMs: 1_000,
  /** Time for one call of a client to the primary: D1 ends a query after 30 s, a front's deadline is 10 s. */
  primaryMs: 8_000,

  /** Readers that may wait on one replica for a position to arrive. The next one is sent to the primary at once. */
  replicaWaiters: 1000,
  /** Statement texts whose analysis is remembered, in a node and in a client. */
  cachedStatements: 512,
  /** Statements in one batch: D1 advises the same order, and one batch holds up the node. */
  batchStatements: 1000,
  /** Bound parameters of one statement: SQLite in a Durable Object takes no more. */
  parameters: 100,
  /** Bytes of one statement's text: SQLite in a Durable Object takes no more. */
  sqlBytes: 100_000,
  /** Bytes of one value: Durable Objects take 2 MB in production. */
  valueBytes: 2_000_000,
  /** Bytes of the values of one row together: Durable Objects take 2 MB a row in production; local runtimes take more. */
  rowBytes: 2_000_000,

  /** Records of the log that are shown where it is not said how many: a few screens. */
  shownRecords: 20,
  /** Lines for the rows of one table in one record that are shown: some screens. The rest is counted. */
  shownLines: 400,
  /** Characters of one value that are shown: two lines. */
  shownValueLength: 200,

  /** Faults that may be in force at once. */
  faults: 32,
  /** Milliseconds of a `slow` fault, and of a `hang` that nobody clears: longer than any deadline that it is to trip. */
  faultMs: 120_000,
  /** Milliseconds that a `clock` fault may shift a clock by, either way: a day. */
  clockFaultMs: 86_400_000,

  /** Bytes of a body that the sample site takes: a post of the full length in a form, where one UTF-16 unit is up to nine bytes, and room for the field names. */
  appBodyBytes: 128 * 1024,
  /** UTF-16 units of a post's title: a heading of a few lines. */
  postTitleLength: 200,
  /** UTF-16 units of a post's text: some four pages. */
  postBodyLength: 10_000,
  /** UTF-16 units of a comment: half a page. */
  commentLength: 2000,
  /** Posts in a list that does not say how many: two screens. */
  postsPerPage: 20,
  /** Posts in one list: their texts together stay under 4 MB, far from the isolate's memory. */
  postsListed: 100,
  /** Comments shown with a post: the newest ones. */
  commentsShown: 100,

  /** Characters of an `Idempotency-Key`: a UUID has 36; Stripe takes as many. */
  idempotencyKeyLength: 255,
  /** Milliseconds for which an answer is kept under its key, a day: Stripe, and long enough for a client that waits for the network. */
  idempotencyKeyMs: 86_400_000,
  /** Bytes of an answer that is kept, body and fields: what the front takes whole, too. Each stands in the log of the database. */
  idempotentAnswerBytes: 64 * 1024,
  /** Expired keys deleted by each request with a key: more than one, so that they become fewer; few, so that nobody waits for it. */
  expiredKeysDeleted: 20,

  /** UTF-16 units of a visitor's name: what a greeting has room for. */
  visitorNameLength: 80,
  /** Milliseconds that a session lives after its last token was issued, a week: who comes back at the weekend finds his draft. */
  sessionIdleMs: 7 * 86_400_000,
  /** Milliseconds that a session lives at most, however often it is used, a month: a stolen cookie does not work for ever. */
  sessionLifetimeMs: 30 * 86_400_000,
  /** Milliseconds after which a token is replaced by a new one, a day: one write more for each visitor and day. */
  sessionRotateMs: 86_400_000,
  /** Milliseconds that a replaced token is still good for: requests that the browser had sent already carry it. */
  sessionGraceMs: 60_000,
  /** Milliseconds after which a new key signs the cookies: as long as a token lives, so that two or three keys are in use. */
  sessionKeyMs: 7 * 86_400_000,
  /** Milliseconds that a server remembers the keys. A key signs only when it is older, so that every server knows it by then. */
  sessionKeyCacheMs: 60_000,
  /** Milliseconds between two looks for a key that nobody knew yet: so often at most forged cookies make a server ask the database. */
  sessionKeyReloadMs: 1000,
  /** Expired sessions deleted with each new one: more than one, so that they become fewer; few, so that nobody waits for it. */
  expiredSessionsDeleted: 20,
} as const;
