//! Why: Chinese needs fonts of many megabytes, which are installed on the computer and not carried in the binary.
