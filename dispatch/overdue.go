package dispatch

import (
	"fmt"
	"time"

	"forebay/workers"
)

// overdue sees to a thread whose request has passed its deadline and was answered already: it says in the log where the
// thread is, has an exception raised there and waits until it is back. It returns stuck if it is not to be used again; its
// process is being replaced then.
//
// It runs on the thread's driver, so nothing here is in a hurry.
func (d *Dispatcher) overdue(t *thread) restState {
	cfg, since := d.cfg(), time.Now()
	t.slot.Cancel() // a generator that goes on for ever ends at its next chunk
	found := t.slot.Interrupt(cfg.Interrupt)
	serving, _ := t.slot.Serving()
	d.log.Error("request timed out", overdueAttrs(t, serving, found)...)
	retire := func(format string, args ...any) {
		t.slot.Worker().Retire(workers.Overdue, fmt.Sprintf(format, args...))
	}
	patience := recallPatience
	if found.Deaf { // whatever else the process were given would have to wait, too
		d.shun(t)
		retire("the GIL is kept past the deadline of thread %d", t.slot.Index()) // by it or by another one
		patience = stall
	}
	switch d.rescue(t, patience) {
	case stuck:
		retire("thread %d cannot say which of its requests it has begun", t.slot.Index())
		return stuck
	case idle:
		return idle
	default: // it has this one request to come back from
	}
	state := d.await(t, since.Add(cfg.GracefulTimeout))
	switch state {
	case idle:
		d.log.Info("thread is back from a request that timed out", "request_id", serving.RequestID,
			"pid", t.slot.Worker().PID(), "thread", t.slot.Index(), "after", time.Since(since).Round(time.Millisecond))
	case stuck:
		retire("thread %d did not come back from %s %s within %v of its deadline", t.slot.Index(), serving.Method, serving.Target, cfg.GracefulTimeout)
	default: // the process has died, which has a line of its own
	}
	return state
}

// recallPatience is how long a process whose main thread is known to answer may take to say what a thread has begun.
const recallPatience = time.Second

// overdueAttrs are what an operator wants to know of a request that timed out.
func overdueAttrs(t *thread, serving workers.Serving, found workers.Interruption) []any {
	attrs := []any{
		"method", serving.Method, "target", serving.Target, "request_id", serving.RequestID,
		"pid", t.slot.Worker().PID(), "thread", t.slot.Index(), "limit", t.limit, "age", serving.Age.Round(time.Millisecond),
	}
	if found.Outcome != "" {
		attrs = append(attrs, "interrupt", found.Outcome)
	}
	if found.Stack != "" {
		attrs = append(attrs, "stack", found.Stack)
	}
	return attrs
}

// rescue sees to it that no request waits behind one that is overdue. It returns closing if the thread has only that one
// to come back from, idle if it had not even begun it, and stuck if nobody can say which of them it will come to: it must
// not be listened to any more then, and they are run elsewhere, as after a death.
func (d *Dispatcher) rescue(t *thread, patience time.Duration) restState {
	if t.begun || len(t.behind) == 0 {
		return closing
	}
	if err := d.recall(t, patience); err != nil { // errTakenBack
		return idle
	}
	if !t.begun {
		return stuck
	}
	return closing
}
