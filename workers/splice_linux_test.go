package workers

import (
	"bytes"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"forebay/python"
	"forebay/python/spool"
)

// clientOf returns a client and the descriptor of our end of its connection, which does not block.
func clientOf(t *testing.T) (*net.TCPConn, int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }() // nobody else comes
	client, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() }) // perhaps it has left
	ours, err := listener.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, ours.Close()) })
	raw, err := ours.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	fd := -1
	require.NoError(t, raw.Control(func(n uintptr) { fd = int(n) }))
	return client.(*net.TCPConn), fd
}

// receiveChunk has the slot receive the beginning of a chunk.
func receiveChunk(t *testing.T, slot *Slot) []byte {
	t.Helper()
	frame, err := slot.Receive(time.Now().Add(deadline))
	require.NoError(t, err)
	require.Equal(t, python.KindChunk, frame.Kind)
	return bytes.Clone(frame.Payload)
}

func TestChunkGoesToASocketAndNoFurther(t *testing.T) {
	slot, answers := pipedSlot(t)
	client, socket := clientOf(t)
	body := bytes.Repeat([]byte("0123456789abcde"), 100_000)
	frames := python.AppendFrame(nil, python.KindChunk, 0, body)
	frames = python.AppendFrame(frames, python.KindEnd, python.FlagFree, nil)
	writing := make(chan error, 1)
	go func() { // ends when all is read
		_, err := answers.Write(frames)
		writing <- err
	}()
	got := make(chan []byte, 1)
	first := receiveChunk(t, slot)
	left := int64(len(body) - len(first))
	rest := make([]byte, left)
	go func() { // ends with the connection's bytes
		b := rest
		_, err := io.ReadFull(client, b)
		assert.NoError(t, err)
		got <- b
	}()
	for until := time.Now().Add(deadline); left > 0 && time.Now().Before(until); {
		n, next, err := slot.SendTo(socket, min(left, 400_000))
		require.NoError(t, err)
		left -= n
		if next == spool.Done {
			require.Zero(t, left)
		}
	}
	assert.True(t, bytes.Equal(body, append(first, receive(t, got, "the rest")...)))
	require.NoError(t, receive(t, writing, "all was read"))
	_, next, err := slot.SendTo(socket, 1<<20)
	require.NoError(t, err)
	assert.Equal(t, spool.Done, next, "the end stands behind it")
	frame, err := slot.Receive(time.Now().Add(deadline))
	require.NoError(t, err)
	assert.Equal(t, python.Frame{Kind: python.KindEnd, Flags: python.FlagFree, Payload: []byte{}}, frame)
}

func TestWhatAClientDoesNotTakeStaysInThePipe(t *testing.T) {
	slot, answers := pipedSlot(t)
	_, socket := clientOf(t)
	body := bytes.Repeat([]byte("0123456789abcde"), 2_000_000)
	go func() { // ends by the end of the pipe, at the latest
		_, _ = answers.Write(python.AppendFrame(nil, python.KindChunk, 0, body))
	}()
	sent := len(receiveChunk(t, slot))
	next := spool.Await
	for until := time.Now().Add(deadline); next == spool.Await && time.Now().Before(until); {
		var n int64
		var err error
		n, next, err = slot.SendTo(socket, 1<<30)
		require.NoError(t, err)
		sent += int(n)
	}
	require.Equal(t, spool.Store, next)
	for sent < len(body) {
		piece := receiveChunk(t, slot)
		require.True(t, bytes.HasPrefix(body[sent:], piece))
		sent += len(piece)
	}
}

func TestClientThatHasLeftIsTheErrorOfItsSocket(t *testing.T) {
	slot, answers := pipedSlot(t)
	client, socket := clientOf(t)
	_, err := answers.Write(python.AppendFrame(nil, python.KindChunk, 0, make([]byte, 1000))[:500])
	require.NoError(t, err)
	receiveChunk(t, slot)
	n, next, err := slot.SendTo(socket, 1000)
	require.NoError(t, err)
	assert.Zero(t, n)
	assert.Equal(t, spool.Await, next)
	require.NoError(t, client.SetLinger(0))
	require.NoError(t, client.Close())
	for until := time.Now().Add(deadline); err == nil && time.Now().Before(until); {
		_, err = answers.Write([]byte("x"))
		require.NoError(t, err)
		_, _, err = slot.SendTo(socket, 1000)
	}
	var failed *os.SyscallError
	require.ErrorAs(t, err, &failed)
}

// pipeSize is how much the pipe of a slot's answers has room for.
func pipeSize(t *testing.T, slot *Slot) int {
	t.Helper()
	size := 0
	require.NoError(t, slot.in.raw.Control(func(fd uintptr) {
		var err error
		size, err = unix.FcntlInt(fd, unix.F_GETPIPE_SZ, 0)
		assert.NoError(t, err)
	}))
	return size
}

func TestPipesOfLargeAnswersAreWideAsFarAsAllTogetherMayBe(t *testing.T) {
	budget := spool.NewBudget(largePipe)
	first, answers := pipedSlot(t)
	first.worker.large = budget
	_, err := answers.Write(python.AppendFrame(nil, python.KindChunk, 0, []byte("small")))
	require.NoError(t, err)
	receiveChunk(t, first)
	assert.Equal(t, usualPipe, pipeSize(t, first))
	assert.Zero(t, budget.Used())

	begin := func(slot *Slot, answers *os.File) {
		large := python.AppendFrame(nil, python.KindChunk, 0, make([]byte, largePipe))
		_, err := answers.Write(large[:1000])
		require.NoError(t, err)
		receiveChunk(t, slot)
	}
	begin(first, answers)
	assert.Equal(t, largePipe, pipeSize(t, first))
	assert.Equal(t, int64(largePipe), budget.Used())

	second, answers := pipedSlot(t)
	second.worker.large = budget
	begin(second, answers)
	assert.Equal(t, usualPipe, pipeSize(t, second))
	first.narrow()
	assert.Zero(t, budget.Used())
	first.narrow()
	assert.Zero(t, budget.Used(), "once")
}

func TestPipesTakeAPartOfWhatAUserMayHave(t *testing.T) {
	limit := newPipeBudget().Limit()
	assert.LessOrEqual(t, limit, int64(pipeMemory))
	if user := userPipes(); user > 0 {
		assert.LessOrEqual(t, limit, user/userShare)
	}
}
