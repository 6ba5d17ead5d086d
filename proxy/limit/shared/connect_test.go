package shared

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/limit/redistest"
)

// freePort is a port that nobody listens on. Redis takes no port 0.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, ln.Close()) }()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	require.NoError(t, err)
	return port
}

func TestATCPServerWithADatabase(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	redis := redistest.Start(t, "--port", port)
	r := start(t, "redis://127.0.0.1:"+port+"/3")
	r.await(true)
	assert.Equal(t, 3, r.left("x"))
	assert.Regexp(t, "db3:keys=[23],", redis.Do("INFO", "keyspace"), "the bucket, the list of processes, and for a moment the probe")
}

// TestAUserOfItsOwn has the rights that the README tells of, and no others.
func TestAUserOfItsOwn(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	command := regexp.MustCompile("`(ACL SETUSER forebay [^`]*)`").FindSubmatch(readme)
	require.NotNil(t, command)
	redis := redistest.Start(t)
	words := []any{}
	for word := range strings.FieldsSeq(strings.Replace(string(command[1]), ">PASSWORD", ">s3cret", 1)) {
		words = append(words, word)
	}
	redis.Do(words...)
	r := start(t, "unix://forebay:s3cret@"+redis.Socket+"?db=1")
	r.await(true)
	assert.Equal(t, 3, r.left("x"))
	flight := r.flight("x", time.Hour)
	r.fly(flight)
	r.fly(r.flight("x", time.Hour))
	full := r.flight("x", time.Hour)
	require.NoError(t, r.Do(full))
	assert.Zero(t, full.Steps[0].Granted)
	charge := r.take("x")
	charge.Steps[0].Kind, charge.Steps[0].Most = KindCharge, -3
	require.NoError(t, r.Do(charge))
	assert.Empty(t, redis.Do("ACL", "LOG"))
}

func TestTLS(t *testing.T) {
	t.Parallel()
	port, dir := freePort(t), t.TempDir()
	certificate(t, dir)
	redistest.Start(t, "--tls-port", port, "--tls-cert-file", dir+"/cert", "--tls-key-file", dir+"/key", "--tls-auth-clients", "no")
	r := start(t, "rediss://127.0.0.1:"+port+"?skip_verify=true")
	r.await(true)
	assert.Equal(t, 3, r.left("x"))
	strict := start(t, "rediss://127.0.0.1:"+port, brief)
	require.Eventually(t, func() bool { return strict.log.count("redis not reached") == 1 }, patience, time.Millisecond)
	assert.Equal(t, 1, strict.log.count("certificate signed by unknown authority"), "the cause, however short the timeout is")
}

// certificate writes one that nobody has signed but itself.
func certificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for name, block := range map[string]*pem.Block{"cert": {Type: "CERTIFICATE", Bytes: cert}, "key": {Type: "PRIVATE KEY", Bytes: private}} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600))
	}
}

// TestACluster of one node: keys of several limits in one step.
func TestACluster(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	redis := redistest.Start(t, "--port", port, "--cluster-enabled", "yes", "--cluster-port", freePort(t))
	redis.Do("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
	r := start(t, "redis://127.0.0.1:"+port+"?cluster=true")
	r.await(true)
	c := r.take("x")
	c.Steps = append(c.Steps, r.take("y").Steps...)
	require.NoError(t, r.Do(c))
	assert.Equal(t, 2, r.left("x"))
	assert.Equal(t, 2, r.left("y"))
}

// TestSentinels: when the master has died, its replica is used as soon as the sentinel says so.
func TestSentinels(t *testing.T) {
	t.Parallel()
	master, replica, sentinel := freePort(t), freePort(t), freePort(t)
	first := redistest.Start(t, "--port", master)
	redistest.Start(t, "--port", replica, "--replicaof", "127.0.0.1", master)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("sentinel monitor main 127.0.0.1 %s 1\nsentinel down-after-milliseconds main 300\nsentinel failover-timeout main 2000\n", master)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	watching := redistest.StartWith(t, file, "--sentinel", "--port", sentinel)
	require.Eventually(t, func() bool {
		replicas, _ := watching.Do("SENTINEL", "REPLICAS", "main").([]any)
		return len(replicas) == 1
	}, patience, 50*time.Millisecond)
	r := start(t, "redis://127.0.0.1:"+sentinel+"?master=main")
	r.await(true)
	assert.Equal(t, 3, r.left("x"))
	first.Kill()
	for deadline := time.Now().Add(patience); r.Up() && time.Now().Before(deadline); {
		_ = r.Do(r.take("x"))
	}
	r.await(true)
	require.NoError(t, r.Do(r.take("x")))
}
