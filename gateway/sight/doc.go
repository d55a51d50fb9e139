// Package sight shows what the daemon is doing to whoever runs it: an optional HTTP listener on loopback with metrics for
// Prometheus, probes for a supervisor and a status page for scripts. It only asks; nothing can be changed through it.
//
// main builds a Sight with New, which touches nothing outside, opens the address of the configuration with Listen, and
// calls Serve, which owns every goroutine, is stopped by the end of its context, and returns after the last of them has
// ended.
//
//	GET /livez     200 while the daemon answers. It takes the locks that the daemon works with: a stuck one does not answer.
//	GET /readyz    200 when the account is online and every endpoint is connected, otherwise 503 and a line for each that is not.
//	GET /status    the same and the counters as JSON; times are RFC 3339, durations seconds.
//	GET /metrics   the table below in Prometheus' text format, and go_* and process_* as its Go client names them.
//
// # What is promised
//
//   - Only loopback: Listen and Serve refuse other addresses, and a request that names another host is answered 403, so
//     that no web page reads this one through a name that it lets point to loopback.
//   - No secrets: addresses come without user, password and query; tokens and headers are not known here.
//   - Counters count from the start of the process. An endpoint that leaves the configuration takes its series along.
//   - One request asks once, and only then: nothing is sampled or kept between requests.
//
// # Metrics
//
// The columns are name, type, labels and meaning. The label endpoint is the name in the configuration; role is universal,
// api or event.
//
//	echogate_build_info                                    gauge      version        Always 1; the version is a label.
//	echogate_qq_online                                     gauge      -              1 while the account is online.
//	echogate_qq_online_changed_timestamp_seconds           gauge      -              When the account last went online or offline, 0 never.
//	echogate_qq_last_message_timestamp_seconds             gauge      -              When the last message came from QQ, 0 never.
//	echogate_qq_packets_received_total                     counter    -              Packets from QQ.
//	echogate_qq_packets_sent_total                         counter    -              Packets to QQ.
//	echogate_qq_packets_lost_total                         counter    -              Packets that QQ did not answer.
//	echogate_qq_messages_received_total                    counter    -              Messages from QQ.
//	echogate_qq_messages_sent_total                        counter    -              Messages to QQ.
//	echogate_qq_messages_reordered_total                   counter    -              Messages that came out of order and were put right.
//	echogate_qq_messages_duplicate_total                   counter    -              Messages that came again and were dropped.
//	echogate_qq_disconnects_total                          counter    -              Connections to QQ that broke.
//	echogate_qq_logouts_total                              counter    -              Logins that QQ ended.
//	echogate_endpoint_connected                            gauge      endpoint       1 while all connections of the endpoint are up.
//	echogate_endpoint_queued_events                        gauge      endpoint       Events that wait for the endpoint.
//	echogate_endpoint_queued_bytes                         gauge      endpoint       Length of the events that wait.
//	echogate_endpoint_events_sent_total                    counter    endpoint       Events written to a connection.
//	echogate_endpoint_events_dropped_total                 counter    endpoint       Events given up because of the queue's bounds.
//	echogate_endpoint_events_expired_total                 counter    endpoint       Those of the dropped that had become too old.
//	echogate_endpoint_actions_running                      gauge      endpoint       Actions accepted and not finished yet.
//	echogate_endpoint_action_duration_seconds              histogram  endpoint       Time from an action's arrival until its answer is ready.
//	echogate_endpoint_answers_dropped_total                counter    endpoint       Answers to links that were gone.
//	echogate_endpoint_handler_panics_total                 counter    endpoint       Actions that crashed outside their own recovery.
//	echogate_endpoint_link_connected                       gauge      endpoint,role  1 while the connection is up.
//	echogate_endpoint_link_dials_total                     counter    endpoint,role  Attempts to connect.
//	echogate_endpoint_link_reconnects_total                counter    endpoint,role  Times that the connection came up again.
package sight
