package spool

import (
	"io"
	"os"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stock is a source that only says what it was asked.
type stock struct{ most int64 }

func (*stock) Unread() int { return 1 }

func (s *stock) SendTo(_ int, most int64) (int64, Next, error) {
	s.most = most
	return most, Await, nil
}

func lend(s *Spool, piece string) <-chan outcome {
	return later(func() (int, error) { return s.Lend([]byte(piece), &stock{}) })
}

func TestAReaderThatBorrowsIsGivenThePieceAndItsSource(t *testing.T) {
	for name, repaid := range map[string]struct {
		sent int64
		next Next
	}{"all is sent": {3, Await}, "the client is slow": {2, Store}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(Limits{Memory: 100})
				defer finish(s)
				_, err := s.Write([]byte("before"))
				require.NoError(t, err)
				lending := lend(s, "abc")
				assertBlocks(t, lending)
				s.Borrow()
				var b Batch
				require.NoError(t, s.Take(&b, true))
				assert.Equal(t, "before", string(b.Vectors[0]))
				assert.Nil(t, b.More)
				s.Release(&b)
				assertBlocks(t, lending)
				require.NoError(t, s.Take(&b, true))
				assert.Equal(t, "abc", string(b.Vectors[0]))
				assert.Equal(t, int64(3), b.Size)
				assert.NotNil(t, b.More)
				assertBlocks(t, lending)
				s.Repay(&b, repaid.sent, repaid.next)
				assert.Equal(t, outcome{repaid.sent, nil}, finished(t, lending))
				assert.Nil(t, b.More)
			})
		})
	}
}

func TestNothingIsLentToWhoDoesNotBorrow(t *testing.T) {
	for name, refuse := range map[string]func(s *Spool){
		"it has declined":      (*Spool).Decline,
		"it has begun to read": func(s *Spool) { require.NoError(t, s.Take(new(Batch), false)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				before, after := New(Limits{Memory: 100}), New(Limits{Memory: 100})
				defer finish(before)
				defer finish(after)
				lending := lend(before, "abc")
				assertBlocks(t, lending)
				refuse(before)
				assert.Equal(t, outcome{}, finished(t, lending))
				refuse(after)
				assert.Equal(t, outcome{}, finished(t, lend(after, "abc")))
			})
		})
	}
	t.Run("it reads", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := New(Limits{Memory: 100})
			lending := lend(s, "abc")
			reading := later(func() (int, error) { return s.Read(make([]byte, 1)) })
			assert.Equal(t, outcome{}, finished(t, lending))
			finish(s)
			assert.Equal(t, outcome{0, os.ErrClosed}, finished(t, reading))
		})
	})
}

func TestAClientThatIsSlowIsLentNothingUntilItHasAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Limits{Memory: 100})
		defer finish(s)
		s.Borrow()
		lending := lend(s, "abc")
		assertBlocks(t, lending)
		s.Slow()
		assert.Equal(t, outcome{}, finished(t, lending))
		_, err := s.Write([]byte("abc"))
		require.NoError(t, err)
		assert.Equal(t, outcome{}, finished(t, lend(s, "def")))
		var b Batch
		require.NoError(t, s.Take(&b, true))
		assert.Equal(t, "abc", string(b.Vectors[0]))
		s.Release(&b)
		taking := later(func() (int, error) { return 0, s.Take(&b, true) })
		assertBlocks(t, taking)
		lending = lend(s, "def")
		assert.Equal(t, outcome{}, finished(t, taking))
		assert.Equal(t, "def", string(b.Vectors[0]))
		s.Repay(&b, 3, Await)
		assert.Equal(t, outcome{3, nil}, finished(t, lending))
	})
}

// What was lent is not the writer's until it has been repaid, whoever closes the spool meanwhile.
func TestALoanOutlivesTheSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Limits{Memory: 100})
		s.Borrow()
		lending := lend(s, "abc")
		var b Batch
		require.NoError(t, s.Take(&b, true))
		s.Close()
		assertBlocks(t, lending)
		s.Repay(&b, 3, Await)
		assert.Equal(t, outcome{3, nil}, finished(t, lending), "all of it was sent")
		assert.Equal(t, outcome{0, ErrReaderGone}, finished(t, lend(s, "def")))
		s.End(nil)
	})
}

func TestNobodyWaitsForAReaderThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Limits{Memory: 100})
		lending := lend(s, "abc")
		assertBlocks(t, lending)
		s.Close()
		assert.Equal(t, outcome{0, ErrReaderGone}, finished(t, lending))
		s.End(nil)
	})
}

func TestALoanMayBeTheEndOfTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Limits{Memory: 100})
		s.OnClose(func() { assert.Fail(t, "the body was whole") })
		s.Borrow()
		lending := lend(s, "abc")
		var b Batch
		require.NoError(t, s.Take(&b, true))
		s.Repay(&b, 3, Done)
		require.ErrorIs(t, s.Take(&b, true), io.EOF)
		assert.Equal(t, outcome{3, nil}, finished(t, lending))
		s.Close()
		s.End(nil)
	})
}

// The head of an answer goes with its beginning, if that is here.
func TestWhatIsExpectedIsWaitedFor(t *testing.T) {
	for name, come := range map[string]func(s *Spool){
		"written": func(s *Spool) { _, _ = s.Write([]byte("abc")) },
		"lent":    func(s *Spool) { lend(s, "abc") },
		"nothing": func(s *Spool) { s.End(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(Limits{Memory: 100})
				defer finish(s)
				s.Expect()
				s.Borrow()
				var b Batch
				taking := later(func() (int, error) { return 0, s.Take(&b, false) })
				assertBlocks(t, taking)
				come(s)
				if name == "nothing" {
					assert.Equal(t, outcome{0, io.EOF}, finished(t, taking))
					return
				}
				assert.Equal(t, outcome{}, finished(t, taking))
				assert.Equal(t, int64(3), b.Size)
				if b.More != nil {
					s.Repay(&b, 3, Await)
				}
				require.NoError(t, s.Take(&b, false), "only once")
				assert.Zero(t, b.Size)
			})
		})
	}
}

func TestAReaderThatHasHadEnoughClosesInSilence(t *testing.T) {
	s := New(Limits{Memory: 100})
	s.OnClose(func() { assert.Fail(t, "it has not left") })
	s.Enough()
	s.Close()
	_, err := s.Write([]byte("more"))
	require.ErrorIs(t, err, ErrReaderGone)
	s.End(nil)
}
