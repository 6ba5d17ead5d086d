package workers

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"forebay/python"
)

// The environment of a worker that the test binary plays.
const (
	scriptsKey = "TEST_WORKER_SCRIPTS" // what each one plays, in the order in which they are started
	turnsKey   = "TEST_WORKER_TURNS"   // a directory where each leaves a file, so that the next knows which turn is its
	cueKey     = "TEST_WORKER_CUE"     // a FIFO from which "ready on cue" reads
)

// scripts are the faults. Each gets what every worker has, after it has been told what to load.
var scripts = map[string]func(*played){
	"ready":              (*played).serve,
	"ready on cue":       func(p *played) { p.awaitCue(); p.serve() },
	"failed on cue":      func(p *played) { p.awaitCue(); p.fail("it did not load"); p.untilEnd() },
	"exit 7":             func(*played) { os.Exit(7) },
	"killed":             func(*played) { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) },
	"silent":             (*played).untilEnd,
	"half a frame":       func(p *played) { p.say([]byte{9, 0, 0, 0}); p.untilEnd() },
	"half and dead":      func(p *played) { p.say([]byte{9, 0, 0, 0}) },
	"unknown kind":       func(p *played) { p.say(python.AppendFrame(nil, 77, 0, nil)); p.untilEnd() },
	"too long":           func(p *played) { p.say([]byte{0, 0, 0, 0xFF, byte(python.KindReady), 0}); p.untilEnd() },
	"no marshal":         func(p *played) { p.say(python.AppendFrame(nil, python.KindReady, 0, []byte("?"))); p.untilEnd() },
	"failed, no text":    func(p *played) { p.say(python.AppendFrame(nil, python.KindFailed, 0, []byte("?"))); p.untilEnd() },
	"failed, stays":      func(p *played) { p.fail("it did not load"); p.untilEnd() },
	"other sample":       func(p *played) { p.boot["sample"] = "something else"; p.serve() },
	"closes its slot":    func(p *played) { p.closeSlot(); p.serve() },
	"does not drain":     func(p *played) { p.ready(); p.untilEnd() },
	"exit 7 when asked":  func(p *played) { p.serve(); os.Exit(7) },
	"answers with half":  func(p *played) { p.answer([]byte{1, 2, 3}); p.serve() },
	"answers too long":   func(p *played) { p.answer([]byte{0, 0, 0, 0xFF, byte(python.KindResponse), 0}); p.serve() },
	"begins 0":           func(p *played) { p.obey(func(kind python.Kind, _ uint32) { p.recalled(kind, 0, 0) }) },
	"begins 1":           func(p *played) { p.obey(func(kind python.Kind, _ uint32) { p.recalled(kind, 0, 1) }) },
	"begins 5":           func(p *played) { p.obey(func(kind python.Kind, _ uint32) { p.recalled(kind, 0, 5) }) },
	"begins 2 more":      (*played).beginTwoMore,
	"answers when told":  (*played).answerRecallWhenTold,
	"dies when recalled": func(p *played) { p.obey(func(python.Kind, uint32) { os.Exit(0) }) },
	"recalls no number":  func(p *played) { p.recallAfter(python.AppendFrame(nil, python.KindRecalled, 0, []byte("?"))) },
	"recalls slot 7":     func(p *played) { p.recallAfter(recalledFrame(7, 1)) },
	"recalls slot -1":    func(p *played) { p.recallAfter(recalledFrame(-1, 1)) },
	"interrupts twice":   (*played).interruptTwice,
	"interrupts no number": func(p *played) {
		p.interruptAfter(python.AppendFrame(nil, python.KindInterrupted, 0, []byte("?")))
	},
	"interrupts slot 7":     func(p *played) { p.interruptAfter(interruptedFrame(7, 0, "x")) },
	"dies when asked where": func(p *played) { p.atStack(func() { os.Exit(0) }) },
	"says where twice": func(p *played) {
		where := python.AppendValue(nil, []any{python.Tuple{0, "forebay-0", "here"}})
		p.atStack(func() {
			p.say(python.AppendFrame(nil, python.KindStacks, 0, []byte("?")))
			p.say(python.AppendFrame(nil, python.KindStacks, 0, where))
			p.say(python.AppendFrame(nil, python.KindStacks, 0, where))
		})
	},
	"ready and dies":      (*played).ready,
	"dies when asked":     func(p *played) { p.atFork(func() { os.Exit(7) }) },
	"answers READY again": func(p *played) { p.atFork(p.ready) },
	"forked, no number":   func(p *played) { p.atFork(func() { p.forked("?") }) },
	"refuses to fork":     func(p *played) { p.atFork(func() { p.forked(python.Tuple{0, "no more processes"}) }) },
	"half and dead slot":  func(p *played) { p.answer([]byte{1, 2, 3}); p.ready(); p.awaitRequest(); os.Exit(0) },
}

// played is a worker that the test binary plays. Its own errors end it: the test sees that.
type played struct {
	control *os.File
	boot    map[string]any
}

// playWorker is what the test binary does instead of testing. args are PROGRAM and FD; without FD it is asked for its
// version, and claims to be a Python.
func playWorker(args []string) int {
	if len(args) < 2 {
		fmt.Println(3, 11)
		return 0
	}
	fd, err := strconv.Atoi(args[1])
	if err != nil {
		return 100
	}
	p := &played{control: os.NewFile(uintptr(fd), "control")}
	if _, err := readFrame(p.control); err != nil { // the sources
		return 101
	}
	boot, err := readFrame(p.control)
	if err != nil {
		return 102
	}
	value, err := python.ReadValue(boot.Payload)
	if err != nil {
		return 103
	}
	p.boot, _ = value.(map[string]any)
	names := strings.Split(os.Getenv(scriptsKey), "|")
	scripts[names[min(turn(), len(names)-1)]](p)
	return 0
}

// turn returns how many workers have been started before.
func turn() int {
	for n := 0; ; n++ {
		f, err := os.OpenFile(filepath.Join(os.Getenv(turnsKey), strconv.Itoa(n)), os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			_ = f.Close() // it is empty
			return n
		}
	}
}

func (p *played) say(b []byte) {
	if _, err := p.control.Write(b); err != nil {
		os.Exit(104)
	}
}

func (p *played) fail(text string) {
	p.say(python.AppendFrame(nil, python.KindFailed, 0, python.AppendValue(nil, python.Tuple{text})))
}

func (p *played) ready() {
	p.say(python.AppendFrame(nil, python.KindReady, 0, python.AppendValue(nil, map[string]any{
		"python": "3.11.0", "implementation": "Script", "executable": os.Args[0], "pid": os.Getpid(), "gil": true,
		"sample": p.boot["sample"],
	})))
}

// serve is ready and obeys until it is asked to exit.
func (p *played) serve() {
	p.ready()
	for {
		frame, err := readFrame(p.control)
		if err != nil || frame.Kind == python.KindDrain {
			return
		}
	}
}

// atStack is ready and obeys until it is asked to exit.
func (p *played) atStack(do func()) {
	p.ready()
	for {
		frame, err := readFrame(p.control)
		if err != nil || frame.Kind == python.KindDrain {
			return
		}
		if frame.Kind == python.KindStack {
			do()
		}
	}
}

// untilEnd reads until the master hangs up; what it says does not count.
func (p *played) untilEnd() {
	for {
		if _, err := readFrame(p.control); err != nil {
			return
		}
	}
}

// answer writes to the first slot, before anything is asked there.
func (p *played) answer(b []byte) {
	if _, err := syscall.Write(answers(), b); err != nil {
		os.Exit(105)
	}
}

// closeSlot closes both ways of the first slot.
func (p *played) closeSlot() {
	out := answers()
	_ = syscall.Close(controlFD + 1) // it is open: the worker has just started
	_ = syscall.Close(out)           // it may be the same
}

// answers is the descriptor that the first slot's answers go to: the one of the requests, or where that can only be read
// from, the next.
func answers() int {
	if _, err := syscall.Write(controlFD+1, nil); err != nil {
		return controlFD + 2
	}
	return controlFD + 1
}

func (p *played) awaitRequest() {
	if _, err := syscall.Read(controlFD+1, make([]byte, 1<<16)); err != nil {
		os.Exit(106)
	}
}

// awaitCue waits until the test writes a byte.
func (p *played) awaitCue() {
	f, err := os.Open(os.Getenv(cueKey)) // returns when the test opens it, too
	if err != nil {
		os.Exit(107)
	}
	if _, err := f.Read(make([]byte, 1)); err != nil {
		os.Exit(108)
	}
	_ = f.Close() // only read from
}

// atFork answers the FORKs of a template.
func (p *played) atFork(do func()) {
	p.ready()
	for {
		frame, err := readFrame(p.control)
		if err != nil {
			return
		}
		if frame.Kind == python.KindFork {
			buffer := make([]byte, 1)
			if _, _, _, _, err := syscall.Recvmsg(int(p.control.Fd()), buffer, make([]byte, 1<<10), 0); err != nil {
				os.Exit(112)
			}
			do()
		}
	}
}

func (p *played) forked(value any) {
	p.say(python.AppendFrame(nil, python.KindForked, 0, python.AppendValue(nil, value)))
}
