/**
 * Must be imported first: the libraries read `$DEBUG` while they load, and the MQTT client would then print its packets,
 * including the password and messages of agents, bypassing the runner's own log.
 */
Deno.env.delete("DEBUG");
