package python

import (
	"encoding/binary"
	"fmt"
)

// HeadSize is the length of a frame's head in bytes.
const HeadSize = 6

// MaxPayload bounds the payload of every frame but CHUNK, in bytes. A longer one is a broken worker, not a long answer.
const MaxPayload = 1 << 20

// MaxBatch bounds the requests that are sent to a slot in one write, in bytes. The worker reads them in one piece: it is the
// size of its buffer, and what an empty pipe takes.
const MaxBatch = 64 << 10

// Kind says what a frame's payload is; see the package comment.
type Kind uint8

// The kinds of frames, by who sends them on which socket.
const (
	KindRequest Kind = 1 // Go, slot

	KindResponse Kind = 16 // worker, slot
	KindHead     Kind = 17
	KindChunk    Kind = 18
	KindEnd      Kind = 19
	KindAbort    Kind = 20
	KindError    Kind = 21
	KindWant     Kind = 22
	KindIdle     Kind = 23
	KindShared   Kind = 24

	KindSources   Kind = 31 // Go, control
	KindBoot      Kind = 32
	KindCancel    Kind = 33
	KindDrain     Kind = 34
	KindRecall    Kind = 35
	KindInterrupt Kind = 36
	KindFork      Kind = 37
	KindServing   Kind = 38
	KindStack     Kind = 39
	KindPing      Kind = 40

	KindReady       Kind = 48 // worker, control
	KindFailed      Kind = 49
	KindRecalled    Kind = 50
	KindInterrupted Kind = 51
	KindForked      Kind = 52
	KindModules     Kind = 53
	KindStacks      Kind = 54
	KindPong        Kind = 55
)

var kindNames = map[Kind]string{
	KindRequest:  "REQUEST",
	KindResponse: "RESPONSE", KindHead: "HEAD", KindChunk: "CHUNK", KindEnd: "END", KindAbort: "ABORT",
	KindError: "ERROR", KindWant: "WANT", KindIdle: "IDLE", KindShared: "SHARED",
	KindSources: "SOURCES", KindBoot: "BOOT", KindCancel: "CANCEL", KindDrain: "DRAIN", KindRecall: "RECALL",
	KindInterrupt: "INTERRUPT", KindFork: "FORK", KindServing: "SERVING", KindStack: "STACK", KindPing: "PING",
	KindReady: "READY", KindFailed: "FAILED", KindRecalled: "RECALLED", KindInterrupted: "INTERRUPTED",
	KindForked: "FORKED", KindModules: "MODULES", KindStacks: "STACKS", KindPong: "PONG",
}

// String returns the name that the package comment uses.
func (k Kind) String() string {
	if name, ok := kindNames[k]; ok {
		return name
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Flags qualify a frame; what a bit means depends on the kind.
type Flags uint8

// The flags. Those of REQUEST and those of the answers share bits, as they never meet.
const (
	FlagBodyFile Flags = 1 // REQUEST: the body's descriptor follows when the worker has sent WANT
	FlagOnce     Flags = 2 // REQUEST: its answer leaves before the next request of the batch is begun
	FlagFree     Flags = 1 // RESPONSE, END, ABORT, ERROR: the thread is back already
	FlagFile     Flags = 2 // HEAD: the body is a part of the file whose descriptor was sent ahead
)

// Frame is one message. Payload belongs to whoever made the frame; a reader says how long it may be used.
type Frame struct {
	Kind    Kind
	Flags   Flags
	Payload []byte
}

// Free reports whether the thread that sent the frame is back already.
func (f Frame) Free() bool { return f.Flags&FlagFree != 0 }

// FrameHead is a frame's first six bytes, taken apart.
type FrameHead struct {
	Length int
	Kind   Kind
	Flags  Flags
}

// Whole reports whether the frame is all of an answer, and the thread that sent it is back already.
func (h FrameHead) Whole() bool {
	return (h.Kind == KindResponse || h.Kind == KindError) && h.Flags&FlagFree != 0
}

// ParseHead reads a frame's head from the first HeadSize bytes of b. It refuses a payload over MaxPayload, except that of
// a CHUNK, which is read in pieces.
func ParseHead(b []byte) (FrameHead, error) {
	h := FrameHead{
		Length: int(binary.LittleEndian.Uint32(b)),
		Kind:   Kind(b[4]),
		Flags:  Flags(b[5]),
	}
	if h.Kind != KindChunk && h.Length > MaxPayload {
		return h, fmt.Errorf("frame %v of %d bytes: more than %d", h.Kind, h.Length, MaxPayload)
	}
	return h, nil
}

// ParseShared reads the payload of SHARED: a number of bytes.
func ParseShared(payload []byte) (int, error) {
	if len(payload) != 4 {
		return 0, fmt.Errorf("frame %v of %d bytes", KindShared, len(payload))
	}
	return int(binary.LittleEndian.Uint32(payload)), nil
}

// AppendFrame appends a whole frame to b.
func AppendFrame(b []byte, kind Kind, flags Flags, payload []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = append(b, byte(kind), byte(flags))
	return append(b, payload...)
}

// AppendWith appends a whole frame to b, with further flags.
func AppendWith(b, frame []byte, flags Flags) []byte {
	start := len(b)
	b = append(b, frame...)
	b[start+5] |= byte(flags)
	return b
}

// beginFrame appends a frame's head whose length endFrame fills in; it starts at len(b).
func beginFrame(b []byte, kind Kind, flags Flags) []byte {
	return append(b, 0, 0, 0, 0, byte(kind), byte(flags))
}

// endFrame writes the length of the frame that starts at start and ends where b ends.
func endFrame(b []byte, start int) {
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start-HeadSize))
}
