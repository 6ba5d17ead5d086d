package workers

import (
	"context"
	"errors"
	"sync"
	"time"
)

// seat is a place for a worker in its generation. It starts one, and another one when that has died, cannot be trusted any
// more or has served its time; in the last case the successor is ready before the old one drains.
//
// Everything here belongs to the goroutine in run, which never blocks but in its select: starts and ends of workers, which
// take time, are goroutines of their own.
type seat struct {
	gen  *generation
	id   int
	gate <-chan struct{} // the generation's until it was seen closed, then nil
	pass func()          // says that; may be called again

	worker    *Worker          // the one that is loaded or lent; nil while there is none
	since     time.Time        // when it came to be so
	booted    chan booted      // brings the one that is being started; nil when none is
	failures  int              // starts that failed in a row
	again     <-chan time.Time // when it is looked whether the next try is due; nil when none is
	due       time.Time        // when that is
	worn      string           // why the worker should have a successor; "" if it should not
	recycling bool             // the successor is being started, with the pool's one right to do so
	inspector inspector
}

// booted is what became of a start.
type booted struct {
	worker *Worker
	err    error
}

// startTries is how many workers of a new generation may die one after the other, in one seat, before it is given up.
const startTries = 3

// steady is how long a worker that has answered nothing must have been lent for its end not to count as a failed start.
const steady = time.Second

// impatience is how long a seat waits at most while no worker of the pool is lent: then every request that comes waits
// with it, or is refused.
const impatience = time.Second

func (g *generation) newSeat(id int) *seat {
	return &seat{
		gen: g, id: id, gate: g.gate, pass: sync.OnceFunc(g.passing.Done),
		inspector: inspector{cfg: g.cfg, rss: residentSize},
	}
}

// run keeps a worker in the seat until ctx ends, and returns when no process of it is left but those that were replaced.
func (s *seat) run(ctx context.Context) {
	inspect, stop := s.inspections()
	defer stop()
	s.boot(ctx)
	for {
		retire, worn, exited := s.watch()
		select {
		case <-ctx.Done():
			s.pass()
			s.end()
			return
		case <-s.gate:
			s.gate = nil
			if s.worker != nil {
				s.lend(s.worker)
			}
			s.pass()
		case b := <-s.booted:
			s.booted = nil
			s.take(b)
		case now := <-s.again:
			s.reconsider(now)
		case r := <-retire:
			s.replace(r)
		case <-exited:
			s.mourn()
		case <-worn:
			s.worn = MaxRequests.String()
		case now := <-inspect:
			s.inspect(now)
		case s.turn() <- struct{}{}:
			s.recycling = true
		}
		if s.booted == nil && s.again == nil && (s.worker == nil || s.recycling) {
			s.boot(ctx)
		}
	}
}

// inspections ticks if there is anything to look at.
func (s *seat) inspections() (ticks <-chan time.Time, stop func()) {
	if !s.inspector.needed() {
		return nil, func() {}
	}
	ticker := time.NewTicker(inspection)
	return ticker.C, ticker.Stop
}

// watch returns what the worker may have to say; nothing comes of it without one.
func (s *seat) watch() (retire <-chan retirement, worn, exited <-chan struct{}) {
	if s.worker == nil {
		return nil, nil, nil
	}
	return s.worker.retire, s.worker.wear.out, s.worker.exited
}

// turn takes the one right to recycle that the pool has, when there is a reason to.
func (s *seat) turn() chan<- struct{} {
	if s.worn == "" || s.recycling || s.again != nil {
		return nil
	}
	return s.gen.pool.recycling
}

func (s *seat) inspect(now time.Time) {
	if s.worker != nil && s.worker.State() == Ready && s.worn == "" {
		s.worn = s.inspector.look(s.worker, s.since, now)
	}
}

// boot starts a worker.
func (s *seat) boot(ctx context.Context) {
	s.booted = make(chan booted, 1)
	go func(result chan<- booted) { // ends when the worker is ready, or is not, or ctx has ended; take or end receives it
		w, err := s.gen.bring(ctx, s.id)
		result <- booted{w, err}
	}(s.booted)
}

// take gives the seat to a worker that is loaded, or waits before the next start.
func (s *seat) take(b booted) {
	switch {
	case b.err != nil:
		s.fail(b.err)
	case s.gate != nil:
		s.worker, s.since = b.worker, time.Now()
		s.gen.stand(s.worker)
	default:
		s.lend(b.worker)
	}
}

// lend makes the slots of w available, and then takes back those of the worker before it.
func (s *seat) lend(w *Worker) {
	old := s.worker
	if old == w {
		old = nil
	}
	s.worker, s.since, s.inspector.full = w, time.Now(), time.Time{}
	s.gen.pool.lend(w)
	if !s.recycling {
		return
	}
	s.recycling = false
	reason := s.worn
	s.worn = ""
	s.gen.pool.ending.Go(func() { // ends with the old worker
		if old != nil {
			s.gen.pool.restarts.add(causeOf(reason), 1)
			old.log.Info("worker is recycled", "reason", reason, "requests", old.requests())
			s.gen.finish(old, true)
		}
		<-s.gen.pool.recycling
	})
}

// fail counts a failed start and says when the next one is, or that there is no sense in one.
func (s *seat) fail(err error) {
	s.failures++
	s.gen.pool.restarts.failed.Add(1)
	s.giveUpTurn()
	if s.hopeless(err) {
		s.gen.fail(err)
		s.again = make(chan time.Time) // never
		return
	}
	s.gen.pool.failures.add(s.id, err, s.pause(), time.Now())
}

// pause puts the next start off, and returns for how long: until then, or for less when no worker serves any more.
func (s *seat) pause() time.Duration {
	wait, now := spread(backoff(s.failures)), time.Now()
	if !s.gen.pool.serving() {
		wait = min(wait, impatience)
	}
	s.due = now.Add(wait)
	s.await(now)
	return wait
}

// await looks again when the next start is due, or sooner, as meanwhile the last worker may end that serves.
func (s *seat) await(now time.Time) { s.again = time.After(min(s.due.Sub(now), impatience)) }

// reconsider goes on waiting only while somebody serves.
func (s *seat) reconsider(now time.Time) {
	s.again = nil
	if now.Before(s.due) && s.gen.pool.serving() {
		s.await(now)
	}
}

// hopeless reports whether err ends the generation. Once it has been of use none does: it may be the database that is away,
// and a server that runs does not go down for that.
func (s *seat) hopeless(err error) bool {
	var (
		load     *LoadError
		unusable *PythonError
		died     *DiedError
	)
	switch {
	case s.gate == nil && s.gen.pool.wasReady.Load():
		return false
	case errors.As(err, &load), errors.As(err, &unusable):
		return true
	case s.gate == nil: // the very first start, which has nothing to fall back on
		return false
	case errors.As(err, &died):
		return s.failures >= startTries
	}
	return true
}

func (s *seat) giveUpTurn() {
	if s.recycling {
		s.recycling = false
		<-s.gen.pool.recycling
	}
}

// settling is how long a broken stream may be ahead of the news that the process at its other end has died.
const settling = 200 * time.Millisecond

// replace lets go of a worker that cannot be trusted any more.
func (s *seat) replace(r retirement) {
	w := s.leave()
	s.gen.pool.ending.Go(func() { // ends with the worker
		if w.endsWithin(settling) {
			s.gen.pool.restarts.add(Died, 1)
			s.gen.finish(w, false)
			return
		}
		s.gen.pool.restarts.add(r.cause, 1)
		w.log.Warn("worker is being replaced", "reason", r.reason)
		s.gen.finish(w, true)
	})
}

// mourn is for a worker that has ended without being asked to.
func (s *seat) mourn() {
	w := s.leave()
	s.gen.pool.restarts.add(Died, 1)
	if s.gate == nil {
		s.gen.finish(w, false)
		return
	}
	s.gen.fall()
	w.discard(false)
	if died := (&DiedError{PID: w.PID(), Exit: w.exit}); s.hopeless(died) {
		s.gen.fail(died)
	}
}

// leave empties the seat. Only if its worker was of no use at all, so that the next one may well be of none either, does
// the next start wait: whoever kills workers from outside must not leave a server without any.
func (s *seat) leave() *Worker {
	w := s.worker
	s.worker, s.worn = nil, ""
	if s.booted != nil {
		return w // a successor is on its way
	}
	if s.gate == nil && (w.answered() || time.Since(s.since) >= steady) {
		s.failures = 0
		return w
	}
	s.failures++
	s.pause()
	return w
}

// end ends what is in the seat. Nothing is lent any more before it waits for anything.
func (s *seat) end() {
	var idle <-chan struct{}
	if s.worker != nil && s.gate == nil {
		idle = s.gen.withdraw(s.worker)
	}
	s.gen.leaving.Done()
	if s.booted != nil {
		if b := <-s.booted; b.worker != nil {
			b.worker.discard(true)
		}
	}
	switch {
	case s.worker == nil:
	case s.gate == nil:
		s.gen.dismiss(s.worker, idle, true)
	default:
		s.worker.discard(true)
	}
	s.giveUpTurn()
}
