package admin

import (
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"forebay/workers"
)

// stack answers with the Python stacks of a worker's threads as text, or with that of one thread.
func (a *Admin) stack(c *fiber.Ctx) error {
	pid, err := number(c.Params("pid"))
	if err != nil {
		return err
	}
	only := -1
	if text := c.Query("thread"); text != "" {
		if only, err = number(text); err != nil {
			return err
		}
	}
	stacks, found := a.observed.Stacks(pid)
	if !found {
		return fiber.NewError(fiber.StatusNotFound, "no such worker")
	}
	text := stacksText(pid, stacks, only)
	if text == "" {
		return fiber.NewError(fiber.StatusNotFound, "no such thread")
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	return c.SendString(text)
}

// stacksText is what an operator reads. only is the thread that it is about; -1: all. It is empty if there is no such thread.
func stacksText(pid int, stacks []workers.Stack, only int) string {
	if len(stacks) == 0 {
		return fmt.Sprintf("worker %d: it loads the application, or has ended\n", pid)
	}
	var b strings.Builder
	for _, s := range stacks {
		if only >= 0 && s.Slot != only {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		writeStack(&b, &s)
	}
	return b.String()
}

func writeStack(b *strings.Builder, s *workers.Stack) {
	if s.Slot < 0 {
		fmt.Fprintf(b, "thread %q of the application\n", s.Name)
	} else {
		fmt.Fprintf(b, "thread %d", s.Slot)
		if r := s.Serving; r.Method != "" {
			fmt.Fprintf(b, ": %s %s for %v, request %s", r.Method, r.Target, r.Age.Round(time.Millisecond), r.RequestID)
		}
		b.WriteString("\n")
	}
	switch {
	case s.Text != "":
		b.WriteString(s.Text)
	case s.Dumped && s.Serving.Method != "":
		b.WriteString("  the worker does not say where it is: something keeps the GIL\n")
	default:
		b.WriteString("  idle\n")
	}
}
