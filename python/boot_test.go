package python

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readControl reads the payload of a frame that has one frame's length and a kind.
func readControl(t *testing.T, kind Kind, frame []byte) any {
	t.Helper()
	head, err := ParseHead(frame)
	require.NoError(t, err)
	assert.Equal(t, FrameHead{Length: len(frame) - HeadSize, Kind: kind}, head)
	v, err := ReadValue(frame[HeadSize:])
	require.NoError(t, err)
	return v
}

func TestBootFrame(t *testing.T) {
	boot := Boot{
		Spec: "shop:app", Name: "shop", Path: []string{"/srv"}, Hooks: "/srv/hooks.py", Master: 41, Age: 3,
		Slots: []SlotFDs{{4, 5, 6}, {7, 8, 9}}, Dump: 10, Marks: 11,
		Environ: map[string]any{"SCRIPT_NAME": "/shop", "wsgi.multithread": true, "forebay.worker": 1},
	}
	assert.Equal(t, map[string]any{
		"spec": "shop:app", "name": "shop", "path": []any{"/srv"}, "hooks": "/srv/hooks.py", "master": 41, "age": 3,
		"template": false, "slots": []any{Tuple{4, 5, 6}, Tuple{7, 8, 9}},
		"dump": 10, "marks": 11, "environ": boot.Environ, "sample": sample(),
	}, readControl(t, KindBoot, boot.Frame()))
}

func TestBootForAWorkerLeavesTheOthersAlone(t *testing.T) {
	all := Boot{Spec: "shop:app", Environ: map[string]any{"SCRIPT_NAME": ""}}
	first, second := all.For(1, 4, 2), all.For(2, 10, 1)
	assert.Equal(t, map[string]any{"SCRIPT_NAME": "", "forebay.worker": 1}, first.Environ)
	assert.Equal(t, map[string]any{"SCRIPT_NAME": "", "forebay.worker": 2}, second.Environ)
	assert.Equal(t, "shop:app", first.Spec)
	assert.Equal(t, []SlotFDs{{4, 5, 6}, {7, 8, 9}}, first.Slots)
	assert.Equal(t, []SlotFDs{{10, 11, 12}}, second.Slots)
	assert.Equal(t, []int{10, 13}, []int{first.Dump, second.Dump})
	assert.Equal(t, []int{11, 14}, []int{first.Marks, second.Marks})
	assert.Equal(t, Boot{Spec: "shop:app", Environ: map[string]any{"SCRIPT_NAME": ""}}, all)
}

func TestCancelFrame(t *testing.T) {
	assert.Equal(t, Tuple{3, 4711}, readControl(t, KindCancel, CancelFrame(3, 4711)))
	// A slot that has served more than marshal's int can say goes on counting below zero; it must not bring us down.
	assert.Equal(t, Tuple{0, -1}, readControl(t, KindCancel, CancelFrame(0, 1<<32-1)))
}

// ready is what a worker says of itself, with one thing changed.
func ready(change func(d map[string]any)) []byte {
	d := map[string]any{
		"python": "3.14.0", "implementation": "CPython", "executable": "/opt/python", "pid": 7, "gil": false, "sample": sample(),
	}
	change(d)
	return AppendValue(nil, d)
}

func TestParseReady(t *testing.T) {
	got, err := ParseReady(ready(func(d map[string]any) { d["later"] = "ignored" }))
	require.NoError(t, err)
	assert.Equal(t, Ready{Version: "3.14.0", Implementation: "CPython", Executable: "/opt/python", PID: 7}, got)
}

func TestReadyOfAPythonWithAnotherMarshalIsRefused(t *testing.T) {
	tests := map[string]func(s map[string]any){
		"none":             func(s map[string]any) { s["none"] = false },
		"true":             func(s map[string]any) { s["true"] = 1 },
		"int":              func(s map[string]any) { s["int"] = 123456 },
		"bytes as text":    func(s map[string]any) { s["bytes"] = "\x00\x01\u00ff" },
		"text":             func(s map[string]any) { s["text"] = "forebay ? ?" },
		"tuple as list":    func(s map[string]any) { s["tuple"] = []any{"a", 1, Tuple{}} },
		"list as tuple":    func(s map[string]any) { s["list"] = Tuple{"b", []any{}} },
		"inner dict":       func(s map[string]any) { s["dict"] = map[string]any{} },
		"something lost":   func(s map[string]any) { delete(s, "none") },
		"something gained": func(s map[string]any) { s["float"] = nil },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseReady(ready(func(d map[string]any) {
				s := sample()
				change(s)
				d["sample"] = s
			}))
			require.ErrorContains(t, err, "CPython 3.14.0 does not read and write marshal")
			assert.Equal(t, 7, got.PID, "the process has to be ended")
		})
	}
	t.Run("no sample", func(t *testing.T) {
		_, err := ParseReady(ready(func(d map[string]any) { delete(d, "sample") }))
		assert.ErrorContains(t, err, "marshal")
	})
}

func TestReadyThatIsNone(t *testing.T) {
	for name, b := range map[string][]byte{
		"empty": nil, "no dict": AppendValue(nil, Tuple{"3.11"}), "cut": ready(func(map[string]any) {})[:40], "version 4": {0xE9},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseReady(b)
			assert.ErrorIs(t, err, ErrMarshal)
		})
	}
}

func TestRecallAndItsAnswer(t *testing.T) {
	assert.Equal(t, Tuple{1, 4711}, readControl(t, KindRecall, RecallFrame(1, 4711)))
	for name, n := range map[string]uint32{"first": 1, "beyond a signed number": 1<<31 + 7, "last": 1<<32 - 1} {
		t.Run(name, func(t *testing.T) {
			slot, begun, err := ParseRecalled(AppendValue(nil, Tuple{3, int(int32(n))}))
			require.NoError(t, err)
			assert.Equal(t, 3, slot)
			assert.Equal(t, n, begun)
		})
	}
	for name, v := range map[string]any{
		"no tuple": 1, "too short": Tuple{1}, "too long": Tuple{1, 2, 3}, "text": Tuple{"1", 2}, "nothing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := ParseRecalled(AppendValue(nil, v))
			assert.ErrorIs(t, err, ErrMarshal)
		})
	}
}

func TestInterruptAndItsAnswer(t *testing.T) {
	assert.Equal(t, Tuple{1, 4711, false}, readControl(t, KindInterrupt, InterruptFrame(1, 4711, false)))
	for name, n := range map[string]uint32{"first": 1, "beyond a signed number": 1<<31 + 7, "last": 1<<32 - 1} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseInterrupted(AppendValue(nil, Tuple{3, int(int32(n)), "stack", "raised"}))
			require.NoError(t, err)
			assert.Equal(t, Interrupted{3, n, "stack", "raised"}, got)
		})
	}
	for name, v := range map[string]any{
		"no tuple": 1, "too short": Tuple{1, 2, "s"}, "too long": Tuple{1, 2, "s", "o", "p"}, "slot is a text": Tuple{"1", 2, "s", "o"},
		"number is none": Tuple{1, nil, "s", "o"}, "no stack": Tuple{1, 2, 3, "o"}, "no outcome": Tuple{1, 2, "s", true}, "nothing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseInterrupted(AppendValue(nil, v))
			assert.ErrorIs(t, err, ErrMarshal)
		})
	}
	_, err := ParseInterrupted([]byte("?"))
	assert.ErrorIs(t, err, ErrMarshal)
}

func TestReadySaysHowToReachItsThreads(t *testing.T) {
	got, err := ParseReady(ready(func(d map[string]any) { d["threads"], d["dump_signal"] = []any{11, "12", 13}, 62 }))
	require.NoError(t, err)
	assert.Equal(t, []int{11, 0, 13}, got.Threads, "what is no number is nobody's id")
	assert.Equal(t, 62, got.DumpSignal)
}

func TestReadyOfAnApplicationWithDjango(t *testing.T) {
	said := map[string]any{
		"static_url": "static/", "static_root": "/srv/static", "media_url": "", "media_root": "", "script_name": "/shop", "settings": "/srv/s.py",
	}
	got, err := ParseReady(ready(func(d map[string]any) { d["django"] = said }))
	require.NoError(t, err)
	assert.Equal(t, &Django{StaticURL: "static/", StaticRoot: "/srv/static", ScriptName: "/shop", Settings: "/srv/s.py"}, got.Django)
	for name, bad := range map[string]any{
		"no dict": "static/", "something missing": map[string]any{"static_url": ""}, "no text": map[string]any{"static_url": 1},
	} {
		_, err := ParseReady(ready(func(d map[string]any) { d["django"] = bad }))
		assert.ErrorIs(t, err, ErrMarshal, name)
	}
}
