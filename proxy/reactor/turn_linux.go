package reactor

import "sync"

// turn is a goroutine that leads a loop, or follows.
type turn struct {
	loop *loop
	left bool      // another goroutine leads
	wake chan bool // of one: it leads again, or is not wanted any more
}

// Leave gives the lead to a follower.
func (t *turn) Leave() {
	t.left = true
	if next := t.loop.followers.pop(); next != nil {
		next.wake <- true
		return
	}
	go t.loop.run() // ends by dismiss, or when there are followers enough
}

// followers are goroutines that wait for the lead. The last one to come is the first to go: it is the one that processors
// still know.
type followers struct {
	mu        sync.Mutex
	waiting   []*turn
	dismissed bool
}

// mostFollowers is how many goroutines wait for their turn to lead. What is beyond it ends, and is made anew.
const mostFollowers = 64

// wait waits until it is this goroutine's turn to lead. It reports false if it is not wanted.
func (f *followers) wait(t *turn) bool {
	f.mu.Lock()
	if f.dismissed || len(f.waiting) == mostFollowers {
		f.mu.Unlock()
		return false
	}
	f.waiting = append(f.waiting, t)
	f.mu.Unlock()
	return <-t.wake
}

func (f *followers) pop() *turn {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := len(f.waiting) - 1
	if last < 0 {
		return nil
	}
	t := f.waiting[last]
	f.waiting = f.waiting[:last]
	return t
}

// dismiss ends those that wait, and whoever would.
func (f *followers) dismiss() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dismissed = true
	for _, t := range f.waiting {
		t.wake <- false
	}
	f.waiting = nil
}
