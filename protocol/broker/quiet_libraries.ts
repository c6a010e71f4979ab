/**
 * Imported before everything else: the libraries read `$DEBUG` while they load, and the MQTT client then prints its
 * packets, the password and what agents say among them, past the runner's own log.
 */
Deno.env.delete("DEBUG");
