package python

import (
	"fmt"
	"maps"
	"reflect"
)

// Boot is what a worker is told before it imports the application.
type Boot struct {
	Spec    string         // MODULE[:CALLABLE]
	Name    string         // what the process list shows; empty: what Python does
	Path    []string       // goes in front of sys.path
	Hooks   string         // the path of the file with the operator's hooks; empty: there are none
	Master  int            // our process id
	Age     int            // how many workers have been started, with this one
	Slots   []SlotFDs      // each slot's descriptors in the worker; see For
	Dump    int            // the descriptor that stacks go to which the main thread could not take; 0: there is none
	Marks   int            // that of memory where each thread marks what it begins, a u32 for each slot; 0: there is none
	Modules bool           // MODULES are asked for
	Django  bool           // Ready.Django is asked for
	Environ map[string]any // strings, bools and ints that every environ has; not nil
}

// sample goes to a worker with BOOT and must come back in READY as it was: the proof that both sides read the same
// marshal format, whichever Python it is.
func sample() map[string]any {
	return map[string]any{
		"none": nil, "true": true, "false": false, "int": -123456, "bytes": []byte{0, 1, 0xFF},
		"text": "forebay é \u20ac", "tuple": Tuple{"a", 1, Tuple{}}, "list": []any{"b", []any{}},
		"dict": map[string]any{"k": "v"},
	}
}

// SlotFDs are a worker's descriptors for a slot: the end of a pipe that requests come from, the end of one that answers
// go to, and a stream socket on which descriptors go both ways.
type SlotFDs struct{ Requests, Answers, Files int }

// For returns what the worker with a number is told: the environ of its requests says which one it is, and the descriptors
// of its slots follow each other from first on. Those for stacks and for marks come after them.
func (b Boot) For(worker, first, slots int) Boot {
	b.Environ = maps.Clone(b.Environ)
	b.Environ["forebay.worker"] = worker
	b.Slots = make([]SlotFDs, slots)
	for i := range b.Slots {
		b.Slots[i] = SlotFDs{Requests: first, Answers: first + 1, Files: first + 2}
		first += 3
	}
	b.Dump, b.Marks = first, first+1
	return b
}

// Frame returns the BOOT frame of a worker that imports the application itself.
func (b Boot) Frame() []byte { return AppendFrame(nil, KindBoot, 0, AppendValue(nil, b.dict())) }

func (b Boot) dict() map[string]any {
	slots := make([]any, len(b.Slots))
	for i, fds := range b.Slots {
		slots[i] = Tuple{fds.Requests, fds.Answers, fds.Files}
	}
	boot := map[string]any{
		"spec": b.Spec, "name": b.Name, "path": b.Path, "hooks": b.Hooks, "master": b.Master, "age": b.Age, "template": false,
		"slots": slots, "dump": b.Dump, "marks": b.Marks, "environ": b.Environ, "sample": sample(),
	}
	if b.Modules {
		boot["modules"] = true
	}
	if b.Django {
		boot["django"] = true
	}
	return boot
}

// SourcesFrame returns the SOURCES frame: the text of every module of the worker program, and with native the native one,
// if the binary has it for this system.
func SourcesFrame(native bool) ([]byte, error) {
	modules, err := sources()
	if err != nil {
		return nil, err
	}
	if code := nativeModule(); native && code != nil {
		modules["forebay._native"] = code
	}
	return AppendFrame(nil, KindSources, 0, AppendValue(nil, modules)), nil
}

// CancelFrame returns the CANCEL frame for the request that was the n-th on a slot.
func CancelFrame(slot int, n uint32) []byte {
	return AppendFrame(nil, KindCancel, 0, AppendValue(nil, Tuple{slot, int(int32(n))}))
}

// RecallFrame returns the RECALL frame: what a slot's thread has not begun of the requests up to the n-th goes back.
func RecallFrame(slot int, n uint32) []byte {
	return AppendFrame(nil, KindRecall, 0, AppendValue(nil, Tuple{slot, int(int32(n))}))
}

// ParseRecalled reads the payload of RECALLED: the slot, and the last request that its thread has begun.
func ParseRecalled(payload []byte) (slot int, begun uint32, err error) {
	v, err := ReadValue(payload)
	if err != nil {
		return 0, 0, err
	}
	if t, ok := v.(Tuple); ok && len(t) == 2 {
		slot, isSlot := t[0].(int)
		n, isNumber := t[1].(int)
		if isSlot && isNumber {
			return slot, uint32(int32(n)), nil
		}
	}
	return 0, 0, fmt.Errorf("%w: not a slot and a number", ErrMarshal)
}

// Ready is what a worker says of itself when the application is loaded and its threads wait.
type Ready struct {
	Version        string // "3.11.7"
	Implementation string // "CPython"
	Executable     string
	PID            int
	GIL            bool
	Interrupts     bool  // it has what is needed to raise an exception in a thread
	Threads        []int // the system's ids of the threads of its slots
	DumpSignal     int   // has the thread that it is sent to write its stack to Boot.Dump; 0: there is none
	// NotNative is why the worker does without native code; empty: it has it.
	NotNative string
	// Strays are the names of the threads that the application of a template has started: no fork takes them along.
	Strays []string
	// Django is what the application's settings say of files; nil if that was not asked.
	Django *Django
}

// ParseReady reads the payload of READY and checks the sample in it.
func ParseReady(payload []byte) (Ready, error) {
	v, err := ReadValue(payload)
	if err != nil {
		return Ready{}, err
	}
	d, ok := v.(map[string]any)
	if !ok {
		return Ready{}, fmt.Errorf("%w: READY is no dict", ErrMarshal)
	}
	var r Ready
	r.Version, _ = d["python"].(string)
	r.Implementation, _ = d["implementation"].(string)
	r.Executable, _ = d["executable"].(string)
	r.PID, _ = d["pid"].(int)
	r.GIL, _ = d["gil"].(bool)
	r.Interrupts, _ = d["interrupts"].(bool)
	r.NotNative, _ = d["not_native"].(string)
	r.DumpSignal, _ = d["dump_signal"].(int)
	threads, _ := d["threads"].([]any)
	for _, v := range threads {
		thread, _ := v.(int)
		r.Threads = append(r.Threads, thread)
	}
	strays, _ := d["strays"].([]any)
	for _, v := range strays {
		stray, _ := v.(string)
		r.Strays = append(r.Strays, stray)
	}
	if r.Django, err = parseDjango(d["django"]); err != nil {
		return r, err
	}
	if !reflect.DeepEqual(d["sample"], any(sample())) {
		return r, fmt.Errorf("%s %s does not read and write marshal as forebay does", r.Implementation, r.Version)
	}
	return r, nil
}
