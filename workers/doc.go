// Package workers owns the Python processes: it starts them, learns when they are ready, lends their threads as slots,
// and replaces a process that died, that cannot be trusted any more, or that has served its time.
//
// Invariants: every process that was started is waited for, and its exit is one log line. A process belongs to one
// goroutine (its seat's), which alone starts it, ends it or hands it to a goroutine that does; others ask through methods. A
// slot is lent only between Host.Offer and the end of what Host.Withdraw returns. At most two generations of workers live at
// once, besides those that drain: one is lent, the other boots. At most one worker is being recycled. Once a generation has
// been of use, no failed start ends it. The package knows no queues and no HTTP.
//
// With preload a generation has a template besides: a process that has imported the application, and from which its workers
// are forked. They are our children all the same (see template), so all of the above holds for them, too. The template
// belongs to the generation's nursery, which makes another one when it dies, and ends with it.
package workers
