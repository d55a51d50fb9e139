package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Mrs4s/MiraiGo/client"
	mirai "github.com/Mrs4s/MiraiGo/message"
	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/sandbox/host"
)

// command is this test binary as another program of the given kind.
func command(t *testing.T, kind string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, args...)
	c.Env = append(os.Environ(), commandVariable+"="+kind)
	return c
}

// TestMessageIDsSurviveKill kills the daemon in the middle of bursts. Whatever message_id it ever gave out must resolve
// to the same message afterwards, and new messages must get new ids.
func TestMessageIDsSurviveKill(t *testing.T) {
	const groups, perRound, kills = 5, 4000, 3
	world := manyGroups(t, groups)
	h, err := host.Listen(t.Context(), world, "127.0.0.1:0", "", zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		served <- h.Run(ctx, func(ctx context.Context) error { <-ctx.Done(); return nil })
	}()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	if err := h.WriteCredentials(dir, world.Bot()); err != nil {
		t.Fatal(err)
	}
	b := newBot(t)
	config := writeConfig(t, fmt.Sprintf("data: %s\nlog: {level: warn}\nendpoints: [{name: bot, url: '%s', heartbeat: 0s}]", dir, b.url))
	ids := make([]protocol.GroupID, groups)
	for i := range ids {
		ids[i] = protocol.GroupID(firstGroup + i)
	}
	isMessage := func(f frame) bool { return f.MessageType == "group" }
	given := map[int32]string{}
	for round := range kills + 1 {
		daemon := command(t, "echogate", "run", "--config", config)
		daemon.Stderr = t.Output()
		if err := daemon.Start(); err != nil {
			t.Fatal(err)
		}
		b.waitConnected(t, round+1)
		for id, raw := range given {
			got := b.call(t, "get_msg", map[string]any{"message_id": id}, fmt.Sprintf("%d/%d", round, id))
			var data struct {
				RawMessage string `json:"raw_message"`
			}
			if err := json.Unmarshal(got.Data, &data); err != nil || data.RawMessage != raw {
				t.Fatalf("after %d kills message_id %d, given to %q, answers %s", round, id, raw, got.raw)
			}
		}
		before := b.groupMessages()
		if _, err := world.Burst(20001, ids, perRound, fmt.Sprintf("round %d", round)); err != nil {
			t.Fatal(err)
		}
		b.wait(t, "part of a burst", func([]frame) bool { return b.groupMessages() >= before+perRound/8 })
		if err := daemon.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = daemon.Wait() // it was killed
		b.wait(t, "end of the link", func([]frame) bool { b.mu.Lock(); defer b.mu.Unlock(); return b.conn == nil })
		frames := b.wait(t, "frames", func([]frame) bool { return true })
		for _, f := range frames {
			if raw, double := given[f.MessageID]; isMessage(f) && double && raw != f.RawMessage {
				t.Fatalf("message_id %d was given to %q and to %q", f.MessageID, raw, f.RawMessage)
			} else if isMessage(f) {
				given[f.MessageID] = f.RawMessage
			}
		}
		t.Logf("round %d: %d ids given out so far", round, len(given))
	}
}

// TestServeOnlyServesOtherPrograms runs the QQ server as one process and, with the credentials that it writes, two
// programs of another author: plain MiraiGo clients, which then talk to each other.
func TestServeOnlyServesOtherPrograms(t *testing.T) {
	dir := t.TempDir()
	server := command(t, "echogate", "sandbox", "--serve-only", "--credentials", dir, "--config", writeConfig(t, "log: {format: json}"))
	log, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(log)
	for lines.Scan() && !strings.Contains(lines.Text(), "QQ server is up") {
		t.Log(lines.Text())
	}
	go io.Copy(io.Discard, log) //nolint:errcheck // until the process ends

	bot, botSays := startClient(t, filepath.Join(dir, "10001"))
	alice, aliceSays := startClient(t, filepath.Join(dir, "20001"))
	fmt.Fprintln(aliceSays, "private 10001 hello from another program")
	requireLine(t, bot, "private 20001 hello from another program")
	fmt.Fprintln(botSays, "private 20001 hello yourself")
	requireLine(t, alice, "private 10001 hello yourself")
	fmt.Fprintln(botSays, "group 30001 good evening")
	requireLine(t, alice, "group 10001 good evening")

	if err := server.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("server: %v", err)
	}
}

func startClient(t *testing.T, dir string) (*bufio.Scanner, io.Writer) {
	t.Helper()
	c := command(t, "client", dir)
	c.Env = append(c.Env, "GORACE=report_bugs=0") // it is another program
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = t.Output()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // it ends with its input
		_ = c.Wait()
	})
	lines := bufio.NewScanner(out)
	requireLine(t, lines, "online")
	return lines, in
}

func requireLine(t *testing.T, lines *bufio.Scanner, want string) {
	t.Helper()
	found := make(chan bool, 1)
	go func() {
		for lines.Scan() {
			if lines.Text() == want {
				found <- true
				return
			}
		}
		found <- false
	}()
	select {
	case ok := <-found:
		if !ok {
			t.Fatalf("the client ended without %q", want)
		}
	case <-time.After(patience):
		t.Fatalf("the client did not say %q within %v", want, patience)
	}
}

// clientMain is a program with its own MiraiGo client and nothing of ours: it logs in with the three files in the
// folder, prints what it receives and sends what it reads.
func clientMain(args []string) int {
	files := map[string][]byte{}
	for _, name := range []string{"session.token", "device.json", "address.txt"} {
		data, err := os.ReadFile(filepath.Join(args[0], name))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		files[name] = data
	}
	device := new(client.DeviceInfo)
	if err := device.ReadJson(files["device.json"]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	c := client.NewClientEmpty()
	c.UseDevice(device)
	address, err := netip.ParseAddrPort(strings.TrimSpace(string(files["address.txt"])))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	c.SetCustomServer([]netip.AddrPort{address})
	c.PrivateMessageEvent.Subscribe(func(_ *client.QQClient, m *mirai.PrivateMessage) {
		fmt.Println("private", m.Sender.Uin, m.ToString())
	})
	c.GroupMessageEvent.Subscribe(func(_ *client.QQClient, m *mirai.GroupMessage) {
		fmt.Println("group", m.Sender.Uin, m.ToString())
	})
	if err := c.TokenLogin(files["session.token"]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := c.ReloadGroupList(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("online")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var kind, text string
		var to int64
		if _, err := fmt.Sscan(lines.Text(), &kind, &to); err != nil {
			continue
		}
		text = strings.SplitN(lines.Text(), " ", 3)[2]
		body := mirai.NewSendingMessage().Append(mirai.NewText(text))
		if kind == "group" {
			c.SendGroupMessage(to, body)
		} else {
			c.SendPrivateMessage(to, body)
		}
	}
	c.Disconnect()
	return 0
}

// TestCommands runs what ends by itself, and the usage errors.
func TestCommands(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"version"}, 0, "echogate"},
		{[]string{"actions"}, 0, "send_group_msg\n"},
		{[]string{"check", "--config", "config.yml.example"}, 0, "valid"},
		{[]string{"check", "--config", "nowhere.yml"}, exitUsage, "nowhere.yml"},
		{[]string{"chekc"}, exitUsage, "chekc"},
		{[]string{"run", "--colour"}, exitUsage, "colour"},
		{[]string{"sandbox", "--serve-only"}, exitUsage, "--credentials"},
		{[]string{"sandbox", "--world", "nowhere.yml"}, exitUsage, "nowhere.yml"},
		{[]string{"sandbox", "--account", "12345"}, exitUsage, "12345"},
		{[]string{"sandbox", "--listen", "192.0.2.1:1"}, exitUsage, "192.0.2.1"},
		{[]string{"sandbox", "--control", "0.0.0.0:0"}, exitUsage, "0.0.0.0"},
	} {
		var out, errs strings.Builder
		code := run(t.Context(), c.args, &out, &errs)
		if code != c.code || !strings.Contains(out.String()+errs.String(), c.want) {
			t.Errorf("%v: exit code %d, %q, %q; want %d and %q", c.args, code, out.String(), errs.String(), c.code, c.want)
		}
	}
	var out, errs strings.Builder
	run(t.Context(), []string{"actions"}, &out, &errs)
	names := strings.Fields(out.String())
	if !slices.IsSorted(names) || len(names) < 18 {
		t.Errorf("actions: %v", names)
	}
}

// TestSandboxWithoutEndpoints keeps the README's first sandbox command running until it is interrupted.
func TestSandboxWithoutEndpoints(t *testing.T) {
	sandbox := command(t, "echogate", "sandbox", "--config", writeConfig(t, fmt.Sprintf("{data: %q, log: {format: json}}", t.TempDir())))
	log, err := sandbox.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sandbox.Start(); err != nil {
		t.Fatal(err)
	}
	online := false
	for lines := bufio.NewScanner(log); !online && lines.Scan(); {
		online = strings.Contains(lines.Text(), `"message":"online"`)
	}
	if !online {
		t.Error("it ended before the account was online")
	}
	go io.Copy(io.Discard, log) //nolint:errcheck // until the process ends
	if err := sandbox.Process.Signal(os.Interrupt); err != nil {
		t.Fatalf("it does not run any more: %v", err)
	}
	if err := sandbox.Wait(); err != nil {
		t.Error(err)
	}
}
