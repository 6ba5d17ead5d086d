// Package workers owns the Python processes: it starts them, learns when they are ready, lends their threads as slots,
// and replaces a process that died or that cannot be trusted any more.
//
// Invariants: every process that was started is waited for, and its exit is one log line. A process belongs to one
// goroutine (its seat's), which alone starts, ends and waits for it; others ask through methods. A slot is lent only
// between Host.Offer and the end of what Host.Withdraw returns. The package knows no queues and no HTTP.
package workers
