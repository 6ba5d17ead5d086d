package workers

import (
	"context"
	"time"
)

// nursery keeps a template for the workers of a generation. When it dies another one is made, ahead of need, as a worker
// that dies is then replaced in milliseconds.
//
// Everything but the channels belongs to the goroutine in run, which never blocks but in its select.
type nursery struct {
	gen   *generation
	close context.CancelFunc // ends run
	asked chan chan<- raised // who wants the template
	ended chan struct{}      // closed when run has returned

	template *template        // nil while there is none
	since    time.Time        // when it came to be
	booted   chan raised      // brings the one that is being started; nil when none is
	failures int              // starts that failed in a row
	again    <-chan time.Time // when the next try is due; nil when none is
	waiting  []chan<- raised  // who waits for the next template: at most one for each seat
}

// raised is what became of the start of a template.
type raised struct {
	template *template
	err      error
}

func newNursery(g *generation, end context.CancelFunc) *nursery {
	return &nursery{gen: g, close: end, asked: make(chan chan<- raised), ended: make(chan struct{})}
}

// find returns the template. Where there is none it waits for the next one, and returns why that did not start.
func (n *nursery) find(ctx context.Context) (*template, error) {
	answer := make(chan raised, 1)
	asked := n.asked
	for {
		select {
		case asked <- answer:
			asked = nil
		case r := <-answer:
			return r.template, r.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-n.ended:
			return nil, ErrStopped
		}
	}
}

// run keeps a template until ctx ends, and returns when there is none.
func (n *nursery) run(ctx context.Context) {
	defer close(n.ended)
	for {
		if n.template == nil && n.booted == nil && (n.again == nil || len(n.waiting) > 0) {
			n.boot(ctx)
		}
		select {
		case <-ctx.Done():
			n.end()
			return
		case answer := <-n.asked:
			n.answer(answer)
		case r := <-n.booted:
			n.booted = nil
			n.take(r)
		case <-n.died():
			n.mourn()
		case <-n.again:
			n.again = nil
		}
	}
}

// boot starts a template.
func (n *nursery) boot(ctx context.Context) {
	n.booted, n.again = make(chan raised, 1), nil
	go func(result chan<- raised) { // ends when the template is ready, or is not, or ctx has ended; take or end receives it
		t, err := n.gen.startTemplate(ctx)
		result <- raised{t, err}
	}(n.booted)
}

func (n *nursery) answer(who chan<- raised) {
	if n.template == nil {
		n.waiting = append(n.waiting, who)
		return
	}
	who <- raised{n.template, nil} // there is room
}

// take answers those who wait with what came of a start. A failure that nobody waits for is logged here.
func (n *nursery) take(r raised) {
	for _, who := range n.waiting {
		who <- r // there is room
	}
	heard := len(n.waiting) > 0
	n.waiting = nil
	if r.err == nil {
		n.template, n.since = r.template, time.Now()
		return
	}
	wait := n.pause()
	if !heard {
		n.gen.pool.failures.add("template", r.err, wait, time.Now())
	}
}

// pause counts a failure and says when the next try is. Who needs a template sooner has waited already.
func (n *nursery) pause() time.Duration {
	n.failures++
	wait := spread(backoff(n.failures))
	n.again = time.After(wait)
	return wait
}

func (n *nursery) died() <-chan struct{} {
	if n.template == nil {
		return nil
	}
	return n.template.exited
}

// mourn is for a template that has ended without being asked to. If that was soon the next one will, too.
func (n *nursery) mourn() {
	n.template.bury(false)
	n.template = nil
	if time.Since(n.since) >= steady {
		n.failures = 0
		return
	}
	n.pause()
}

// end ends what there is.
func (n *nursery) end() {
	if n.booted != nil {
		n.template = (<-n.booted).template
	}
	if n.template != nil {
		n.template.end()
	}
}
