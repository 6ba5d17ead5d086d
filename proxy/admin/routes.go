package admin

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"forebay/proxy/admin/page"
)

// route says what there is. What stands before the check is for everybody: nothing there is a secret.
func (a *Admin) route() {
	a.app.Use(secure)
	a.app.Get("/healthz", func(c *fiber.Ctx) error { return c.SendString("ok\n") })
	a.app.Get("/readyz", a.ready)
	a.app.Get("/", a.page)

	a.app.Use(a.check)
	a.app.Get("/metrics", a.scrape)
	a.app.Get("/api/status", a.status)
	a.app.Get("/api/events", a.events)
	a.app.Get("/api/workers/:pid/stack", a.stack)
	a.app.Post("/api/reload", a.reload)
	a.app.Post("/api/stop", a.stop)
	a.profiles()
}

// secure is for all answers: none is kept, guessed at, or shown within another site.
func secure(c *fiber.Ctx) error {
	c.Set("Cache-Control", "no-store")
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	c.Set("Referrer-Policy", "no-referrer")
	c.Set("X-Frame-Options", "DENY")
	return c.Next()
}

// answerError is the one place where an error becomes an answer.
func answerError(c *fiber.Ctx, err error) error {
	code, text := fiber.StatusInternalServerError, err.Error()
	var known *fiber.Error
	if errors.As(err, &known) {
		code = known.Code
	}
	if strings.HasPrefix(text, "Cannot ") { // fiber's own text repeats the path
		text = "there is nothing at this path"
	}
	return c.Status(code).SendString(text + "\n")
}

// check lets a request pass, or answers why not.
func (a *Admin) check(c *fiber.Ctx) error {
	err := a.entry.Load().admit(a.visitOf(c), time.Now())
	switch {
	case err == nil:
		return c.Next()
	case errors.Is(err, errToken):
		c.Set("WWW-Authenticate", `Bearer realm="forebay"`) // RFC 6750, section 3
		return fiber.NewError(fiber.StatusUnauthorized, err.Error())
	case errors.Is(err, errHost):
		return fiber.NewError(fiber.StatusMisdirectedRequest, err.Error())
	default:
		return fiber.NewError(fiber.StatusForbidden, err.Error())
	}
}

func (a *Admin) visitOf(c *fiber.Ctx) *visit {
	v := &visit{
		cookie: c.Cookies(a.cookie), host: string(c.Request().Host()), marked: c.Get("X-Forebay") == "1",
		order: c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead,
		local: a.private, tls: c.Context().TLSConnectionState(),
	}
	scheme, token, found := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	if found && strings.EqualFold(scheme, "Bearer") {
		v.bearer = strings.TrimSpace(token)
	}
	return v
}

// ready tells a load balancer or an orchestrator whether requests should come.
func (a *Admin) ready(c *fiber.Ctx) error {
	if reason := a.observed.Ready(); reason != "" {
		return fiber.NewError(fiber.StatusServiceUnavailable, reason)
	}
	return c.SendString("ok\n")
}

// page answers with the live page. The token in its query becomes a cookie, and leaves the address.
func (a *Admin) page(c *fiber.Ctx) error {
	for name, value := range page.Header() {
		c.Set(name, value)
	}
	if token := c.Query("token"); token != "" {
		entry := a.entry.Load()
		if !entry.isToken(token) {
			return c.Status(fiber.StatusUnauthorized).Send(page.HTML())
		}
		until := time.Now().Add(cookieLife)
		c.Cookie(&fiber.Cookie{
			Name: a.cookie, Value: entry.newCookie(until), Path: "/", Expires: until, HTTPOnly: true, SameSite: fiber.CookieSameSiteStrictMode,
			Secure: entry.tls != nil,
		})
		c.Set(fiber.HeaderCacheControl, "no-store")
		return c.Redirect("./", fiber.StatusSeeOther)
	}
	return c.Send(page.HTML())
}

func (a *Admin) scrape(c *fiber.Ctx) error {
	mediaType, body, err := a.metrics.Text(c.Get(fiber.HeaderAccept))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, mediaType)
	return c.Send(body)
}

func (a *Admin) status(c *fiber.Ctx) error {
	return c.JSON(a.observed.Status(c.Query("history") == "1"))
}

func (a *Admin) reload(c *fiber.Ctx) error {
	a.log.Info("reload asked for", "by", visitor(c))
	begun := a.controlled.Reload()
	return c.Status(fiber.StatusAccepted).JSON(fiber.Map{"state": "started", "begun": begun})
}

func (a *Admin) stop(c *fiber.Ctx) error {
	a.log.Info("stop asked for", "by", visitor(c))
	a.controlled.Stop()
	return c.Status(fiber.StatusAccepted).JSON(fiber.Map{"state": "stopping"})
}

// visitor is whom the log names.
func visitor(c *fiber.Ctx) string {
	if state := c.Context().TLSConnectionState(); state != nil && len(state.PeerCertificates) > 0 {
		return state.PeerCertificates[0].Subject.String()
	}
	return c.Context().RemoteAddr().String()
}

// number reads a decimal number from a request.
func number(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fiber.NewError(fiber.StatusBadRequest, "want a number, not "+url.QueryEscape(text))
	}
	return n, nil
}
