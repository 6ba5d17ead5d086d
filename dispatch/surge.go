package dispatch

import "time"

// surge watches whether a queue keeps up, in windows of a quarter of a second, and how fast it drains.
//
// In the order in which they came requests are served fairly, as long as all of them are served in time. When more come
// than can be served, those that have waited longest are those whose clients are about to leave: run in their order, each
// answer comes when nobody waits for it any more, and the goodput is nothing (14 % of the peak were measured at three
// times the load, and that only because the queue had been empty before). So in a surge the newest come first: they are
// answered in time, as many as can be, and those that come after the surge do not wait for what it has left behind.
//
// A surge is not to be taken for a long queue. A thousand clients that each send the next request when they have their
// answer make a queue of a thousand, but one that keeps up: it does not grow, nobody is refused and nobody leaves.
type surge struct {
	begin   time.Duration // of the window
	waited  int           // requests that waited at its begin
	started int           // requests that were taken out to run, in this window
	lost    int           // requests that were refused, or whose clients left while they waited, in this window
	losing  int           // windows in a row that ended badly
	rate    float64       // requests that were taken out a second, lately; 0 is unknown
	ends    time.Duration // the surge is over then, unless it goes on
}

const (
	// surgeWindow is long enough for some requests to be served in it, and much shorter than people's patience.
	surgeWindow = 250 * time.Millisecond
	// surgeWindows is how many windows in a row have to end badly: a burst ends in one.
	surgeWindows = 2
	// surgeLoss is the part of the requests that is lost in a bad window.
	surgeLoss = 0.05
	// surgeGrowth is by how much the queue grows in a bad window, as a part of the requests that were taken out: twice as
	// many come as go. It has to hold surgeLeast requests then, and so many that the last one waits for surgeWait.
	surgeGrowth = 1.0
	surgeLeast  = 32
	surgeWait   = 500 * time.Millisecond
	// surgeCalm is how long after a window in which a queue has only grown it may keep up again before the surge is over.
	surgeCalm = time.Second
)

func (u *surge) newestFirst() bool { return u.ends != 0 }

// arrive counts a request that comes to the queue.
func (u *surge) arrive(now time.Duration, s *share) {
	if s.queue.len() == 0 { // a queue that was empty has kept up
		*u = surge{begin: now, rate: u.rate}
	}
}

// start counts a request that was taken out to run.
func (u *surge) start(now time.Duration, s *share) {
	u.started++
	u.roll(now, s)
}

// lose counts a request that was refused, or whose client has left.
func (u *surge) lose(now time.Duration, s *share) {
	u.lost++
	u.roll(now, s)
}

func (u *surge) roll(now time.Duration, s *share) {
	if length := now - u.begin; length >= surgeWindow {
		u.end(now, length, s)
	}
}

// end ends a window.
func (u *surge) end(now, length time.Duration, s *share) {
	loses, grows := u.loses(), u.grows(length, s)
	if loses || grows {
		u.losing++
	} else {
		u.losing = 0
	}
	if u.losing >= surgeWindows || u.losing > 0 && u.newestFirst() {
		u.ends = max(u.ends, now+surgeCalm)
		if loses {
			u.ends = now + s.timeout // by then everything has gone that waits now
		}
	} else if now > u.ends {
		u.ends = 0
	}
	rate := float64(u.started) / length.Seconds()
	if u.rate > 0 {
		rate = (rate + u.rate) / 2
	}
	u.begin, u.waited, u.started, u.lost, u.rate = now, s.queue.len(), 0, 0, rate
}

// loses reports whether requests were lost in the window that ends. One client may always leave.
func (u *surge) loses() bool { return u.lost > 1 && float64(u.lost) > surgeLoss*float64(u.started) }

// grows reports whether many more requests have come in the window that ends than went, and wait for long.
func (u *surge) grows(length time.Duration, s *share) bool {
	waits := s.queue.len()
	return waits >= surgeLeast && float64(waits-u.waited) > surgeGrowth*float64(u.started) &&
		float64(waits) > float64(u.started)*float64(surgeWait)/float64(length)
}

// drain returns how long it takes until so many requests have been taken out.
func (u *surge) drain(waiting int) (time.Duration, bool) {
	if u.rate <= 0 {
		return 0, false
	}
	return time.Duration(min(float64(waiting)/u.rate, time.Hour.Seconds()) * float64(time.Second)), true
}
