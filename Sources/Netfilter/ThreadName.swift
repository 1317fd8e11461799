import CNetfilter

/// Names the calling thread for ps(1) and top(1).
///
/// - Parameter name: 15 octets at most; the rest is cut (pthread_setname_np(3)).
package func nameCurrentThread(_ name: String) { unsafe cnf_name_thread(name) }
