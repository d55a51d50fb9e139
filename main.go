// Echogate is the gateway between QQ and OneBot bot frameworks: it logs in to QQ through MiraiGo and dials out to the
// reverse WebSocket endpoints of its configuration. See README.md.
//
// This file is the program's edge: commands, configuration, wiring, exit codes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/goccy/go-json"
	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"echogate/actions"
	"echogate/events"
	"echogate/gateway"
	"echogate/gateway/settings"
	"echogate/gateway/sight"
	"echogate/protocol"
	"echogate/protocol/history"
	"echogate/protocol/mirai"
	"echogate/protocol/sandbox"
	"echogate/protocol/sandbox/demo"
	"echogate/protocol/sandbox/host"
)

// Exit codes: 1 for what went wrong while running, 2 for what the user must change first.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newCommand() //nolint:contextcheck // cobra hands the context over in ExecuteContext
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "echogate:", err)
	if errors.As(err, new(*runError)) {
		return exitFailure
	}
	return exitUsage
}

// runError marks an error as one of running, not of usage.
type runError struct{ error }

func (e *runError) Unwrap() error { return e.error }

func running(err error) error {
	if err == nil {
		return nil
	}
	return &runError{err}
}

// --- configuration ---

// Config is config.yml. Every key can also come from the environment: ECHOGATE_LOG_LEVEL, ECHOGATE_ENDPOINTS_0_URL;
// lists and maps as a whole in YAML.
type Config struct {
	Data      string           `mapstructure:"data"` // folder of device.json, session.token and the message history
	Log       LogConfig        `mapstructure:"log"`
	Message   events.Config    `mapstructure:"message"`
	Sight     sight.Config     `mapstructure:"sight"`
	Endpoints []EndpointConfig `mapstructure:"endpoints"`

	path string // of the file, if it may change while the daemon runs
}

// EndpointConfig is one bot framework: its links, and what it may do.
type EndpointConfig struct {
	gateway.Config `mapstructure:",squash"`
	Actions        actions.SessionConfig `mapstructure:"actions"`
}

func defaultEndpoint() EndpointConfig {
	return EndpointConfig{Config: gateway.DefaultConfig(), Actions: actions.DefaultSessionConfig()}
}

// LogConfig says what is logged to standard error, and how.
type LogConfig struct {
	Level  string `mapstructure:"level"`  // trace, debug, info, warn or error
	Format string `mapstructure:"format"` // console or json
}

const envPrefix = "ECHOGATE"

func defaultConfig() Config {
	return Config{Data: "data", Log: LogConfig{Level: "info", Format: "console"}}
}

// loadConfig reads the file, lays the environment over it and validates. A missing file is an error only if it was asked
// for.
func loadConfig(path string, asked bool, environ []string) (Config, error) {
	config := defaultConfig()
	source := settings.Source{Path: path, Optional: !asked, EnvPrefix: envPrefix, Environ: environ}
	if err := source.Load(&config, defaultEndpoint()); err != nil {
		return Config{}, err
	}
	config.path = path
	return config, config.validate()
}

func (c Config) validate() error {
	if c.Data == "" {
		return errors.New("data: is empty; it names the folder of the account")
	}
	if !slices.Contains([]string{"trace", "debug", "info", "warn", "error"}, c.Log.Level) {
		return fmt.Errorf("log.level: %q is not trace, debug, info, warn or error", c.Log.Level)
	}
	if c.Log.Format != "console" && c.Log.Format != "json" {
		return fmt.Errorf("log.format: %q is not console or json", c.Log.Format)
	}
	if err := c.Sight.Validate(); err != nil {
		return err
	}
	for _, e := range c.Endpoints {
		if err := e.Actions.Validate(); err != nil {
			return fmt.Errorf("endpoints[%s].actions.%w", e.Name, err)
		}
	}
	return gateway.Validate(c.links())
}

// links are the gateway's part of the endpoints.
func (c Config) links() []gateway.Config {
	links := make([]gateway.Config, len(c.Endpoints))
	for i, e := range c.Endpoints {
		links[i] = e.Config
	}
	return links
}

// sessions are the actions' part of the endpoints.
func (c Config) sessions() map[string]actions.SessionOptions {
	sessions := map[string]actions.SessionOptions{}
	for _, e := range c.Endpoints {
		sessions[e.Name] = actions.SessionOptions{Format: actions.Format(e.Format), SessionConfig: e.Actions}
	}
	return sessions
}

func (c LogConfig) logger(w io.Writer) zerolog.Logger {
	level, err := zerolog.ParseLevel(c.Level)
	if err != nil {
		level = zerolog.InfoLevel
	}
	if c.Format == "console" {
		file, isFile := w.(*os.File)
		colour := isFile && isatty.IsTerminal(file.Fd()) && os.Getenv("NO_COLOR") == ""
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.DateTime, NoColor: !colour}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger()
}

// --- commands ---

func newCommand() *cobra.Command {
	var path string
	load := func(cmd *cobra.Command) (Config, error) {
		return loadConfig(path, cmd.Flags().Changed("config"), os.Environ())
	}
	daemonRun := func(cmd *cobra.Command, _ []string) error {
		config, err := load(cmd)
		if err == nil && len(config.Endpoints) == 0 {
			err = fmt.Errorf("no endpoints: copy config.yml.example to %s and say whom to connect to", path)
		}
		if err != nil {
			return err
		}
		d := daemon{config: config, dir: config.Data, log: config.Log.logger(cmd.ErrOrStderr())}
		return running(d.run(cmd.Context()))
	}
	root := &cobra.Command{
		Use: "echogate", Short: "The gateway between QQ and OneBot bot frameworks", Args: cobra.NoArgs,
		SilenceErrors: true, SilenceUsage: true, RunE: daemonRun,
	}
	root.PersistentFlags().StringVarP(&path, "config", "c", "config.yml", "configuration file")
	root.AddCommand(
		&cobra.Command{Use: "run", Short: "Log in to QQ and serve the configured endpoints (the default)", Args: cobra.NoArgs, RunE: daemonRun},
		sandboxCommand(load),
		&cobra.Command{Use: "demo", Short: "Play a short conversation in a simulated QQ", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			return running(playDemo(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr()))
		}},
		&cobra.Command{Use: "check", Short: "Validate the configuration", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := load(cmd)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "the configuration is valid; endpoints: %d\n", len(config.Endpoints))
			return nil
		}},
		&cobra.Command{Use: "actions", Short: "List the registered actions, one a line", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range actions.Names() {
				fmt.Fprintln(cmd.OutOrStdout(), name)
			}
			return nil
		}},
		&cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprintln(cmd.OutOrStdout(), "echogate", version())
		}},
	)
	return root
}

// version is the module's version as the Go tool stamped it into the binary.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// sandboxFlags are the flags of the sandbox command.
type sandboxFlags struct {
	world, control, listen, credentials string
	account                             int64
	serveOnly                           bool
}

func sandboxCommand(load func(*cobra.Command) (Config, error)) *cobra.Command {
	var f sandboxFlags
	cmd := &cobra.Command{Use: "sandbox", Short: "Run in a simulated QQ, with the configured endpoints if there are any", Args: cobra.NoArgs}
	cmd.Flags().StringVar(&f.world, "world", "", "world file (YAML); the built-in world if empty")
	cmd.Flags().StringVar(&f.control, "control", "", "loopback address of the HTTP control interface; none if empty")
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "loopback address of the QQ server")
	cmd.Flags().BoolVar(&f.serveOnly, "serve-only", false, "run only the QQ server; needs --credentials")
	cmd.Flags().StringVar(&f.credentials, "credentials", "", "with --serve-only: folder to write the accounts' credentials to")
	cmd.Flags().Int64Var(&f.account, "account", 0, "account to log in, or to write credentials of; the world's bot (or, with --serve-only, all) if 0")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if f.serveOnly != (f.credentials != "") {
			return errors.New("--serve-only and --credentials DIR go together")
		}
		config, err := load(cmd)
		if err != nil {
			return err
		}
		world, err := host.LoadWorld(f.world)
		if err != nil {
			return err
		}
		if err := host.Check(world, protocol.UserID(f.account)); err != nil {
			return fmt.Errorf("--account: %w", err)
		}
		log := config.Log.logger(cmd.ErrOrStderr())
		h, err := host.Listen(cmd.Context(), world, f.listen, f.control, log)
		if err != nil {
			return err
		}
		if f.serveOnly {
			return running(h.ServeOnly(cmd.Context(), f.credentials, protocol.UserID(f.account)))
		}
		dir := filepath.Join(config.Data, "sandbox") // never among a real account's files
		return running(runSimulated(cmd.Context(), h, protocol.UserID(f.account), &daemon{config: config, dir: dir, log: log}))
	}
	return cmd
}

// runSimulated logs the daemon in to a simulated QQ, as the world's bot unless another account is named.
func runSimulated(ctx context.Context, h *host.Host, account protocol.UserID, d *daemon) error {
	if account == 0 {
		account = h.World.Bot()
	}
	return h.Run(ctx, func(ctx context.Context) error {
		if err := h.WriteCredentials(d.dir, account); err != nil {
			return err
		}
		d.transport = h.Server.Transport()
		return d.run(ctx)
	})
}

// playDemo runs the daemon against the demo's world and bot in a temporary folder. Only warnings are logged: the
// transcript is what there is to see.
func playDemo(ctx context.Context, stdout, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "echogate-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return demo.Run(ctx, stdout, func(ctx context.Context, world *sandbox.World, url string) error {
		config := defaultConfig()
		endpoint := defaultEndpoint()
		endpoint.Name, endpoint.URL = "demo", url
		config.Endpoints = []EndpointConfig{endpoint}
		config.Log.Level = "warn"
		log := config.Log.logger(stderr)
		h, err := host.Listen(ctx, world, "127.0.0.1:0", "", log)
		if err != nil {
			return err
		}
		return runSimulated(ctx, h, 0, &daemon{config: config, dir: dir, log: log})
	})
}

// --- wiring ---

// daemon is one account's gateway.
type daemon struct {
	config    Config
	dir       string            // the account's folder
	transport http.RoundTripper // what plays QQ's web pages; nil for the real ones
	log       zerolog.Logger
}

// run logs in and serves the endpoints until ctx ends or something fails. The parts end in the order in which work flows
// out of them: the links first, answering what is in flight, then the driver, the event pipeline, and the store.
func (d *daemon) run(ctx context.Context) error {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	store, err := history.Open(ctx, filepath.Join(d.dir, "history.db"), d.log)
	if err != nil {
		return err
	}
	linksCtx, stopLinks := context.WithCancel(ctx)
	driverCtx, stopDriver := context.WithCancel(context.WithoutCancel(ctx))
	storeCtx, stopStore := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLinks()
	defer stopDriver()

	var group errgroup.Group
	group.Go(func() error {
		defer stopLinks()
		return store.Run(storeCtx)
	})
	group.Go(func() error {
		defer stopStore()
		return d.serve(linksCtx, driverCtx, store, stopLinks, stopDriver)
	})
	return group.Wait()
}

// stopPatience is how long QQ may take to answer what is in flight at the end. The links wait a second longer.
const stopPatience = 4 * time.Second

// serve builds what works on the store and runs it.
func (d *daemon) serve(linksCtx, driverCtx context.Context, store *history.Store, stopLinks, stopDriver context.CancelFunc) error {
	driver, err := mirai.New(mirai.Options{Dir: d.dir, Transport: d.transport, Log: d.log})
	if err != nil {
		return err
	}
	registry, err := actions.New(actions.Options{
		Driver: driver, History: store, Events: oneBotEvents{}, Log: d.log,
		Version: actions.Version{App: version(), Directory: d.dir, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH},
	})
	if err != nil {
		return err
	}
	sessions := registry.Sessions(d.config.sessions())
	links, err := d.newGateway(driver, sessions)
	if err != nil {
		return err
	}
	view, err := sight.New(sight.Options{
		Endpoints: links.Status, QQ: func() sight.QQ { return accountOf(driver.Status()) }, Version: version(), Log: d.log,
	})
	if err != nil {
		return err
	}
	pipeline := events.NewPipeline(events.Options{
		Config: d.config.Message, Source: driver, History: store,
		Publish: func(batch []events.Encoded) {
			for _, e := range batch {
				links.Publish(gateway.Event(e))
			}
		},
	})
	// A QQ that does not answer may hold actions up for long. When their links are about to close it is given up, so that
	// they are answered, and the whole stop takes less than the ten seconds that supervisors give.
	context.AfterFunc(linksCtx, func() { time.AfterFunc(stopPatience, stopDriver) })
	var group errgroup.Group
	group.Go(func() error {
		defer stopLinks()
		return driver.Run(driverCtx)
	})
	group.Go(func() error {
		defer stopLinks()
		return pipeline.Run(context.WithoutCancel(driverCtx)) // it ends with the driver's events
	})
	group.Go(func() error {
		defer stopDriver()
		return links.Run(linksCtx)
	})
	group.Go(func() error {
		defer stopLinks()
		return view.Run(linksCtx, d.config.Sight)
	})
	group.Go(func() error {
		d.watch(linksCtx, links, sessions)
		return nil
	})
	return group.Wait()
}

// accountOf is the driver's status in sight's words.
func accountOf(s protocol.Status) sight.QQ {
	q := sight.QQ{
		Online: s.Online, Since: s.Since, PacketsReceived: s.Stats.PacketReceived, PacketsSent: s.Stats.PacketSent, PacketsLost: s.Stats.PacketLost,
		MessagesReceived: s.Stats.MessageReceived, MessagesSent: s.Stats.MessageSent, MessagesReordered: s.Stats.Reordered,
		MessagesDuplicated: s.Stats.Duplicates, Disconnects: s.Stats.DisconnectTimes, Logouts: s.Stats.LostTimes,
	}
	if t := s.Stats.LastMessageTime; t != 0 {
		q.LastMessage = time.Unix(t, 0)
	}
	return q
}

func (d *daemon) newGateway(driver protocol.Driver, s *actions.Sessions) (*gateway.Gateway, error) {
	self := func() protocol.UserID { return driver.Status().Self.UserID }
	return gateway.New(d.config.links(), gateway.Options{
		SelfID:    func() int64 { return int64(self()) },
		Lifecycle: func() []byte { return events.Lifecycle(self(), time.Now()) },
		Heartbeat: func(interval time.Duration) []byte {
			return events.Heartbeat(self(), time.Now(), interval, events.StatusOf(driver.Status()))
		},
		Handler:   func(endpoint string) gateway.Handler { return s.Endpoint(endpoint) },
		UserAgent: "echogate/" + version(),
		Log:       d.log,
	})
}

// watch applies changes of the configuration, on SIGHUP and when the file changes, until ctx ends.
func (d *daemon) watch(ctx context.Context, links *gateway.Gateway, s *actions.Sessions) {
	if d.config.path == "" {
		return // not from a file
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	settings.Watch(ctx, d.config.path, hangup, func() {
		if err := d.reload(links, s); err != nil {
			d.log.Error().Err(err).Msg("the changed configuration is wrong; nothing was applied")
		}
	}, func(err error) {
		d.log.Warn().Err(err).Msg("changes of the configuration are not noticed; send SIGHUP after one")
	})
}

// reload applies what is different in the endpoints; a file that is wrong changes nothing.
func (d *daemon) reload(links *gateway.Gateway, s *actions.Sessions) error {
	next, err := loadConfig(d.config.path, true, os.Environ())
	if err != nil {
		return err
	}
	if next.Data != d.config.Data || next.Log != d.config.Log || next.Message != d.config.Message || next.Sight != d.config.Sight {
		d.log.Warn().Msg("changes of data, log, message and sight need a restart")
	}
	s.Configure(next.sessions())
	if err := links.Apply(next.links()); err != nil {
		return err
	}
	d.log.Info().Int("endpoints", len(next.Endpoints)).Msg("configuration applied")
	return nil
}

// oneBotEvents gives actions the objects that they share with events.
type oneBotEvents struct{}

func (oneBotEvents) Message(m protocol.Message, id int32, self protocol.UserID, f actions.Format) json.RawMessage {
	encoded := events.Message(m, id, self)
	if f == actions.String {
		return encoded.String
	}
	return encoded.Array
}

func (oneBotEvents) Status(s protocol.Status) any { return events.StatusOf(s) }
