"""Virtual Bluetooth devices of a bedside, on a virtual air. Their values are encoded here, by code of their own."""
