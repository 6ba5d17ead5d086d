package access

// Reason is the kind of an Entry's Fault, of which there are few: for counters and for whoever looks for one kind of them.
type Reason uint8

// The reasons.
const (
	NoReason        Reason = iota
	Malformed              // the request is not one that can be served: 400, 405, 417, 501, 505
	NotFound               // its path is not the application's
	TooLarge               // its head, its target or its body
	TooSlow                // the client was late with it
	Limited                // a rate limit, or its list of those who are denied
	NoConnection           // too many connections
	NoRoom                 // the disk is full
	QueueFull              // nothing more may wait for a thread
	QueueTimeout           // it has waited too long for one
	ClientLeft             // the client has left, or did not take its answer
	Timeout                // the application took too long
	WorkerDied             // with the request
	WorkerKilled           // by us, as its requests did not end in time
	Raised                 // the application raised, or broke PEP 3333
	InvalidResponse        // what it answered is no HTTP
	Stopping               // the server went down meanwhile
	Internal               // a fault of ours
)

// Reasons are the names of all reasons, by their values. That of NoReason is empty.
var Reasons = [...]string{
	Malformed: "malformed", NotFound: "not_found", TooLarge: "too_large", TooSlow: "too_slow", Limited: "limited",
	NoConnection: "no_connection", NoRoom: "no_room", QueueFull: "queue_full", QueueTimeout: "queue_timeout",
	ClientLeft: "client_left", Timeout: "timeout", WorkerDied: "worker_died", WorkerKilled: "worker_killed",
	Raised: "raised", InvalidResponse: "invalid_response", Stopping: "stopping", Internal: "internal",
}

func (r Reason) String() string { return Reasons[r] }
