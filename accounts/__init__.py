"""Who people are, what they may do, and the tokens with which the portal acts for them."""
