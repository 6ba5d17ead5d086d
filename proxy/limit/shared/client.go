package shared

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"forebay/config"
)

// Bounds of what happens in the background, where no request waits.
const (
	dialTimeout  = time.Second
	probeTimeout = 2 * time.Second
	// bufferSize has room for a batch of usual size.
	bufferSize = 16 << 10
)

// newClient makes a client that gives up soon and never tries anything twice: a request is waiting, and there is another
// way to decide.
func newClient(cfg config.Redis, target config.RedisTarget, log *slog.Logger) redis.UniversalClient {
	quiet(log)
	options := &redis.UniversalOptions{
		Addrs: target.Addrs, MasterName: target.Master, IsClusterMode: target.Cluster, DB: target.DB,
		Username: target.Username, Password: target.Password,
		SentinelUsername: target.SentinelUsername, SentinelPassword: target.SentinelPassword,
		ClientName: "forebay", Protocol: 2, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},

		ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1,
		DialTimeout: dialTimeout, ReadTimeout: probeTimeout, WriteTimeout: probeTimeout, // each call has less time by its context
		PoolSize: cfg.Connections + 1, MinIdleConns: cfg.Connections, // one is for what happens in the background
		PoolTimeout:      probeTimeout, // else the cause why there is no connection would never be seen
		PipelinePoolSize: -1, ReadBufferSize: bufferSize, WriteBufferSize: bufferSize,
	}
	if target.TLS {
		options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: target.Insecure} //nolint:gosec // only if the operator says so
	}
	return redis.NewUniversalClient(options)
}

// quiet sends what the library has to say about single connections to the debug log. It has one logger for the process.
var quiet = func() func(*slog.Logger) {
	var once sync.Once
	return func(log *slog.Logger) { once.Do(func() { redis.SetLogger(clientLog{log}) }) }
}()

type clientLog struct{ log *slog.Logger }

func (l clientLog) Printf(_ context.Context, format string, args ...any) {
	l.log.Debug("redis client", "line", fmt.Sprintf(format, args...))
}
